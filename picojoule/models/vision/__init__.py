"""Networks for images."""

from picojoule.models.vision.digit_net import DigitNet
from picojoule.models.vision.perceptron import perceptron
from picojoule.models.vision.transformer import VisionTransformer

__all__ = ["DigitNet", "VisionTransformer", "perceptron"]
