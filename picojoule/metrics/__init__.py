"""How good: measures of quality with their intervals."""

from picojoule.metrics.accuracy import correct, wilson
from picojoule.metrics.boxes import Found, iou
from picojoule.metrics.detection import coco_map, voc_ap, voc_interval, voc_map

__all__ = ["Found", "coco_map", "correct", "iou", "voc_ap", "voc_interval", "voc_map", "wilson"]
