"""Networks for images."""

from picojoule.models.vision.digit_net import DigitNet

__all__ = ["DigitNet"]
