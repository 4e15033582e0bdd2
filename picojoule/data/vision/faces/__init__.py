"""Generated faces: who it is, what the muscles do and how the picture was taken are drawn apart from each other."""

from picojoule.data.vision.faces.anatomy import ACTIONS, CLASSES, LANDMARKS
from picojoule.data.vision.faces.generate import VERSION, Faces, Parts, generate

__all__ = ["ACTIONS", "CLASSES", "LANDMARKS", "VERSION", "Faces", "Parts", "generate"]
