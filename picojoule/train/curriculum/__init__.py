"""Learning in an order: how easy each sample is, buckets of that, and plans of which bucket when; for any trainer."""

from picojoule.train.curriculum.buckets import buckets
from picojoule.train.curriculum.course import Curriculum
from picojoule.train.curriculum.plans import Plan, Stage, annealing, baby_step, in_order, one_pass, shuffled
from picojoule.train.curriculum.review import Review, Vote, cross_review, split

__all__ = [
    "Curriculum",
    "Plan",
    "Review",
    "Stage",
    "Vote",
    "annealing",
    "baby_step",
    "buckets",
    "cross_review",
    "in_order",
    "one_pass",
    "shuffled",
    "split",
]
