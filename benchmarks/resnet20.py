"""A ResNet-20 for CIFAR-10, with weights that others trained, and its pictures.

How long does it take under rate coding and TTFS, beside its own forward, a plain loop and other libraries?

    PYTHONPATH=benchmarks picojoule bench --model resnet20:published --data $PICOJOULE_DATA/cifar10_lossless_5k.npz \\
        --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --steps 64

The weights are `models/resnet20_cifar10.npz` of that folder. A shortcut that halves the picture and adds zero channels
is written as the 1×1 convolution that does the same.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Block(nn.Module):
    """conv-bn-relu-conv-bn, plus the shortcut, relu."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity() if stride == 1 else _halved(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + self.shortcut(x))


def _halved(inputs: int, outputs: int) -> nn.Conv2d:
    """Every second pixel, zero channels on both sides."""
    layer = nn.Conv2d(inputs, outputs, 1, 2, bias=False)
    weight, before = torch.zeros(outputs, inputs, 1, 1), (outputs - inputs) // 2
    weight[torch.arange(inputs) + before, torch.arange(inputs)] = 1
    layer.weight = nn.Parameter(weight)
    return layer


class ResNet20(nn.Module):
    """Three stages of three blocks, 16, 32 and 64 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16, 1), Block(16, 16, 1), Block(16, 16, 1))
        self.layer2 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1))
        self.layer3 = nn.Sequential(Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1))
        self.pool, self.linear = nn.AdaptiveAvgPool2d(1), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        return self.linear(torch.flatten(self.pool(self.layer3(self.layer2(self.layer1(x)))), 1))


def trained(folder: Path) -> nn.Module:
    """The network with its weights; those of the fixed shortcuts are not in the file."""
    model = ResNet20()
    with np.load(folder / "models" / "resnet20_cifar10.npz") as weights:
        found = model.load_state_dict({name: torch.tensor(weights[name]) for name in weights.files}, strict=False)
    assert all("shortcut" in name for name in found.missing_keys) and not found.unexpected_keys
    return model.eval()


def pictures(folder: Path) -> tuple[Tensor, Tensor, Tensor]:
    """Standardised training and test pictures, and the test labels."""
    with np.load(folder / "cifar10_lossless_5k.npz") as data:
        train, test = (
            (torch.tensor(data[name]).permute(0, 3, 1, 2) / 255 - torch.tensor(MEAN).view(3, 1, 1))
            / torch.tensor(STD).view(3, 1, 1)
            for name in ("x_train", "x_test")
        )
        return train, test, torch.tensor(data["y_test"]).long()


def published() -> nn.Module:
    """The network with the weights of `$PICOJOULE_DATA`."""
    return trained(Path(os.environ["PICOJOULE_DATA"]))
