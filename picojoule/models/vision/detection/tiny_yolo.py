"""Tiny YOLO v2: six convolutions, each pooled, two more, and a map of boxes (Redmon and Farhadi 2017, darknet's cfg).

The last pool has stride 1 and one row and column of −∞ behind, so the map keeps its size there.
"""

from __future__ import annotations

from itertools import pairwise
from typing import final

from torch import Tensor, nn

from picojoule.models.darknet import Uneven
from picojoule.models.vision.detection.heads import Head

_SLOPE = 0.1
VOC_ANCHORS = ((1.08, 1.19), (3.42, 4.41), (6.63, 11.38), (9.42, 5.11), (16.62, 10.52))
COCO_ANCHORS = ((0.57273, 0.677385), (1.87446, 2.06253), (3.33843, 5.47434), (7.88282, 3.52778), (9.77052, 9.16828))
"""Width and height in cells of the map; from memory of darknet's cfg files."""


@final
class TinyYolo(nn.Module):
    """Pictures ``[b, 3, H, W]`` in [0, 1] to a map ``[b, channels, H/stride, W/stride]``; H, W multiples of the stride.

    Args:
        halved: channels of the convolutions whose pool halves the map.
        flat: channels of that whose pool keeps it.
        deep: channels of those without a pool.
        anchors: width and height in cells.
        classes: how many.

    Attributes:
        head: how the map is read.
        stride: pixels of a cell.
    """

    def __init__(
        self,
        *,
        halved: tuple[int, ...],
        flat: int,
        deep: tuple[int, ...],
        anchors: tuple[tuple[float, float], ...],
        classes: int,
    ) -> None:
        super().__init__()
        self.stride = 2 ** len(halved)
        pixels = tuple((w * self.stride, h * self.stride) for w, h in anchors)
        self.head = Head(anchors=pixels, classes=classes)
        layers: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(pairwise((3, *halved, flat, *deep))):
            layers += [_convolution(inputs, outputs), nn.BatchNorm2d(outputs), nn.LeakyReLU(_SLOPE)]
            if number < len(halved):
                layers.append(nn.MaxPool2d(2))
            elif number == len(halved):
                layers.append(Uneven(2, 1, 1))
        self.layers = nn.Sequential(*layers, nn.Conv2d((flat, *deep)[-1], self.head.channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """The raw map of pictures."""
        return self.layers(x)


def tiny_yolo_voc(classes: int = 20) -> TinyYolo:
    """For 416×416 pictures of PASCAL VOC: 3.486 GMAC and 15.87 M stored numbers, batch norm's among them."""
    return TinyYolo(halved=(16, 32, 64, 128, 256), flat=512, deep=(1024, 1024), anchors=VOC_ANCHORS, classes=classes)


def tiny_yolo_coco(classes: int = 80) -> TinyYolo:
    """For 416×416 pictures of COCO; its last hidden convolution has 512 channels."""
    return TinyYolo(halved=(16, 32, 64, 128, 256), flat=512, deep=(1024, 512), anchors=COCO_ANCHORS, classes=classes)


SMALL_ANCHORS = ((1.4, 2.1), (2.4, 2.8))
"""For the embedded digits."""


def small_yolo(classes: int = 10, anchors: tuple[tuple[float, float], ...] = SMALL_ANCHORS) -> TinyYolo:
    """The same form for small pictures: three halvings to cells of 8×8 pixels, and 67,998 parameters for ten classes.

    Args:
        classes: how many.
        anchors: width and height in cells.
    """
    return TinyYolo(halved=(16, 24, 32), flat=48, deep=(48, 48), anchors=anchors, classes=classes)


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
