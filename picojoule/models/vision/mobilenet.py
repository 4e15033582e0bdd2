"""MobileNet-v1: depthwise convolutions 3×3, each followed by a convolution 1×1 that mixes the channels."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1),) * 5,
    *((1024, 2), (1024, 1)),
)
"""Channels and stride of each of the thirteen blocks; 32 channels enter the first."""


@final
class MobileNet(nn.Module):
    """Pictures ``[b, inputs, h, w]`` to logits ``[b, classes]``; 4,231,976 parameters and 569 M MACs at 224×224.

    Args:
        classes: of the output.
        width: multiplies all channels.
        inputs: channels of the pictures.
        small: for pictures of about 32×32: the first convolution and the first two strided blocks keep the size.
    """

    def __init__(self, classes: int = 1000, *, width: float = 1.0, inputs: int = 3, small: bool = False) -> None:
        super().__init__()
        channels = _scaled(32, width)
        layers = _normed(inputs, channels, 3, stride=1 if small else 2)
        kept = 2 if small else 0
        for outputs, stride in BLOCKS:
            if stride == 2 and kept:
                stride, kept = 1, kept - 1
            layers += _normed(channels, channels, 3, stride=stride, groups=channels)
            layers += _normed(channels, channels := _scaled(outputs, width), 1)
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(channels, classes)
        for each in self.modules():
            if isinstance(each, nn.Conv2d):
                nn.init.kaiming_normal_(each.weight, nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Logits of images."""
        return self.classifier(self.flatten(self.pool(self.features(images))))


def _scaled(channels: int, width: float) -> int:
    return max(1, round(channels * width))


def _normed(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outputs), nn.ReLU()]
