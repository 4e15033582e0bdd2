"""A plain perceptron: linear layers and ReLUs."""

from __future__ import annotations

from itertools import pairwise

from torch import nn


def perceptron(sizes: tuple[int, ...], *, bias: bool = True) -> nn.Sequential:
    """Samples ``[b, ...]`` of `sizes[0]` numbers to outputs ``[b, sizes[-1]]``.

    Args:
        sizes: units of each layer, input and output included.
        bias: whether the layers have one.
    """
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs, bias=bias), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
