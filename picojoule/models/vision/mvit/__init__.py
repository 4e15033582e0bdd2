"""MViTv2, its sizes, and the names that public checkpoints give its weights."""

from picojoule.models.vision.mvit.network import MViT, MViTClassifier, Stage
from picojoule.models.vision.mvit.sizes import SIZES, STAGES, Size

__all__ = ["SIZES", "STAGES", "MViT", "MViTClassifier", "Size", "Stage"]
