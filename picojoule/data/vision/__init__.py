"""Images with labels: the embedded digits, a generated twin, and the user's own folder, file or function."""

from picojoule.data.vision import digits, synthetic
from picojoule.data.vision.images import Dataset, Images
from picojoule.data.vision.sources import load

__all__ = ["Dataset", "Images", "digits", "load", "synthetic"]
