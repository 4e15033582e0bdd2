"""Networks for images."""

from picojoule.models.vision.digit_net import DigitNet
from picojoule.models.vision.perceptron import perceptron

__all__ = ["DigitNet", "perceptron"]
