"""Pictures with boxes: the embedded digits on photos, PASCAL VOC and COCO folders, and files of both."""

from picojoule.data.vision.detection import embedded
from picojoule.data.vision.detection.files import load
from picojoule.data.vision.detection.letterbox import Placement, letterbox, open_picture
from picojoule.data.vision.detection.scenes import SceneData, Scenes

__all__ = ["Placement", "SceneData", "Scenes", "embedded", "letterbox", "load", "open_picture"]
