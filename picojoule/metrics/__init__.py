"""How good: measures of quality with their intervals."""

from picojoule.metrics.accuracy import correct, wilson
from picojoule.metrics.boxes import Found, iou
from picojoule.metrics.detection import coco_map, voc_ap, voc_interval, voc_map
from picojoule.metrics.ranking import auc
from picojoule.metrics.relation_classes import confusion, macro_f1, micro_f1
from picojoule.metrics.resampling import paired_difference

__all__ = [
    "Found",
    "auc",
    "coco_map",
    "confusion",
    "correct",
    "iou",
    "macro_f1",
    "micro_f1",
    "paired_difference",
    "voc_ap",
    "voc_interval",
    "voc_map",
    "wilson",
]
