"""Detectors: Tiny YOLO v2, heads that read raw maps, and the boxes that are kept of them."""

from picojoule.models.vision.detection.find import find, suppress
from picojoule.models.vision.detection.heads import Head, anchors_of, heads_of
from picojoule.models.vision.detection.tiny_yolo import TinyYolo, small_yolo, tiny_yolo_coco, tiny_yolo_voc

__all__ = [
    "Head",
    "TinyYolo",
    "anchors_of",
    "find",
    "heads_of",
    "small_yolo",
    "suppress",
    "tiny_yolo_coco",
    "tiny_yolo_voc",
]
