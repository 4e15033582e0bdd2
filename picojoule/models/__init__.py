"""Plain ``nn.Module`` networks without training code, and the files of their weights."""

from picojoule.models.darknet import load_darknet
from picojoule.models.loading import embedded, embedded_detector, embedded_metadata, load_model, load_weights

__all__ = ["embedded", "embedded_detector", "embedded_metadata", "load_darknet", "load_model", "load_weights"]
