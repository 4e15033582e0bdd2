"""M2Former: multi-scale patch selection for fine-grained recognition."""

from picojoule.models.vision.m2former.design import Design
from picojoule.models.vision.m2former.network import M2Former, answer

__all__ = ["Design", "M2Former", "answer"]
