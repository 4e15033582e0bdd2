"""Residual networks of 18, 34 and 50 layers, and one of 8.

A block is ``y = ReLU(F(x) + S(x))``; S is the identity, or a 1×1 convolution where width or size changes. The stride of
a bottleneck is in its 3×3 convolution. The keys of the state are those in which weights of these networks are published
for PyTorch, so such files load as they are.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError

WIDTHS = (64, 128, 256, 512)
"""Channels within the blocks of each stage."""


def basic(inputs: int, width: int, stride: int) -> tuple[list[tuple[int, int, int, int]], int]:
    """Two convolutions 3×3: (inputs, outputs, kernel, stride) of each, and the block's outputs."""
    return [(inputs, width, 3, stride), (width, width, 3, 1)], width


def bottleneck(inputs: int, width: int, stride: int) -> tuple[list[tuple[int, int, int, int]], int]:
    """1×1, 3×3 and 1×1, which gives four times the width."""
    return [(inputs, width, 1, 1), (width, width, 3, stride), (width, 4 * width, 1, 1)], 4 * width


DEPTHS = {8: (basic, (1, 1, 1)), 18: (basic, (2, 2, 2, 2)), 34: (basic, (3, 4, 6, 3)), 50: (bottleneck, (3, 4, 6, 3))}
"""Depth → the form of its blocks, and how many there are in each stage."""


@final
class ResNet(nn.Module):
    """Pictures ``[b, inputs, h, w]`` to logits ``[b, classes]``.

    ====== ============= ==================== ================
    depth  parameters    MACs, 224×224        features
    ====== ============= ==================== ================
    8      1,222,760     0.90 G               256
    18     11,689,512    1.81 G               512
    34     21,797,672    3.66 G               512
    50     25,557,032    4.09 G               2,048
    ====== ============= ==================== ================

    Args:
        depth: a key of `DEPTHS`.
        classes: of the output.
        inputs: channels of the pictures.
        small: for pictures of about 32×32: a 3×3 convolution at the entrance and no pool behind it, so that the
            features are an eighth of the picture and not a thirty-second.
        stride: of the entrance of the small form.
        widths: channels of the stages, of which depth 8 has three.

    Raises:
        InputError: no such depth.
    """

    def __init__(
        self,
        depth: int = 50,
        classes: int = 1000,
        *,
        inputs: int = 3,
        small: bool = False,
        stride: int = 1,
        widths: tuple[int, ...] = WIDTHS,
    ) -> None:
        super().__init__()
        if depth not in DEPTHS:
            known = ", ".join(map(str, DEPTHS))
            raise InputError(f"there is no depth {depth}", where="ResNet", remedy=f"use {known}")
        form, numbers = DEPTHS[depth]
        entrance = (3, stride) if small else (7, 2)
        self.conv1, self.bn1 = _normed(inputs, widths[0], *entrance)
        self.relu = nn.ReLU()
        self.maxpool: nn.Module = nn.Identity() if small else nn.MaxPool2d(3, 2, padding=1)
        channels = widths[0]
        for stage, (width, number) in enumerate(zip(widths[: len(numbers)], numbers, strict=True)):
            blocks = []
            for place in range(number):
                layers, outputs = form(channels, width, 2 if stage and not place else 1)
                blocks.append(Block(layers, outputs))
                channels = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.channels, self._stages = channels, [f"layer{stage + 1}" for stage in range(len(numbers))]
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, classes)
        for each in self.modules():
            if isinstance(each, nn.Conv2d):
                nn.init.kaiming_normal_(each.weight, mode="fan_out", nonlinearity="relu")

    def features(self, images: Tensor) -> Tensor:
        """What the last stage gives, ``[b, channels, h/32, w/32]``; a small form h/8 and w/8, depth 8 twice that."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        for name in self._stages:
            x = getattr(self, name)(x)
        return x

    def forward(self, images: Tensor) -> Tensor:
        """Logits of images."""
        return self.fc(torch.flatten(self.avgpool(self.features(images)), 1))


@final
class Block(nn.Module):
    """``y = ReLU(F(x) + S(x))``.

    Args:
        layers: (inputs, outputs, kernel, stride) of each convolution of F.
        outputs: channels of y.
    """

    def __init__(self, layers: list[tuple[int, int, int, int]], outputs: int) -> None:
        super().__init__()
        self.last = len(layers)
        for number, (inputs, width, kernel, stride) in enumerate(layers, 1):
            conv, norm = _normed(inputs, width, kernel, stride)
            setattr(self, f"conv{number}", conv)
            setattr(self, f"bn{number}", norm)
        self.relu = nn.ReLU()
        first, stride = layers[0][0], max(layer[3] for layer in layers)
        same = first == outputs and stride == 1
        self.downsample = None if same else nn.Sequential(*_normed(first, outputs, 1, stride))

    def forward(self, x: Tensor) -> Tensor:
        """The block's output."""
        y = x
        for number in range(1, self.last + 1):
            y = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(y))
            y = self.relu(y) if number < self.last else y
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


def _normed(inputs: int, outputs: int, kernel: int, stride: int) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return conv, nn.BatchNorm2d(outputs)
