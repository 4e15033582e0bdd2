"""Networks for images."""

from picojoule.models.vision.digit_net import DigitNet
from picojoule.models.vision.perceptron import perceptron
from picojoule.models.vision.transformer import VisionTransformer
from picojoule.models.vision.vgg import VGG16, digit_cnn

__all__ = ["VGG16", "DigitNet", "VisionTransformer", "digit_cnn", "perceptron"]
