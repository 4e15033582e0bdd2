"""Learning from pictures without labels: losses and targets for :func:`picojoule.train.fit`, and SimFLE of them."""

from picojoule.train.self_supervision.agreement import agreement
from picojoule.train.self_supervision.byol import Byol, head, regression
from picojoule.train.self_supervision.grouping import block_target, grouping, similarity
from picojoule.train.self_supervision.rebuilding import masked_error, normalised_patches
from picojoule.train.self_supervision.simfle import Choices, SimFLE, Terms, objective
from picojoule.train.self_supervision.target import Target
from picojoule.train.self_supervision.views import Views

__all__ = [
    "Byol",
    "Choices",
    "SimFLE",
    "Target",
    "Terms",
    "Views",
    "agreement",
    "block_target",
    "grouping",
    "head",
    "masked_error",
    "normalised_patches",
    "objective",
    "regression",
    "similarity",
]
