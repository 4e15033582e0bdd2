"""Channels in groups, and the patches of a picture that a group looks at.

::

    A = ReLU(BN(conv1×1(maps)))                          C channels, G contiguous groups of C/G
    a = Σ_{c in group} A_c                               upsampled to the picture, then the mean of each patch
"""

from __future__ import annotations

from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from picojoule.base.errors import InputError


@final
class ChannelGroups(nn.Module):
    """A of maps ``[b, C, h, w]``.

    Args:
        channels: C.
        groups: G, a divisor of C.
        start: weights at random, or all 1 with a bias of 0.1. From the second all channels start alike, which is a
            stationary point of a grouping loss; rounding errors lead out of it, but channels of a group stay copies.

    Raises:
        InputError: C is no multiple of G.
    """

    def __init__(self, channels: int, groups: int, *, start: Literal["kaiming", "constant"] = "kaiming") -> None:
        super().__init__()
        if groups < 1 or channels % groups:
            raise InputError(f"{groups} groups of {channels} channels", where="ChannelGroups", remedy="give a divisor")
        self.conv, self.norm, self.relu = nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels), nn.ReLU()
        if start == "constant":
            nn.init.ones_(self.conv.weight)
            nn.init.constant_(self.conv.bias, 0.1)
        else:
            nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
            nn.init.zeros_(self.conv.bias)

    def forward(self, maps: Tensor) -> Tensor:
        """A."""
        return self.relu(self.norm(self.conv(maps)))


def patch_scores(maps: Tensor, group: Tensor, groups: int, *, size: int, side: int) -> Tensor:
    """a of each patch, ``[b, side²]``.

    Args:
        maps: A ``[b, C, h, w]``.
        group: which one of each picture, int64 ``[b]``.
        groups: G.
        size: pixels of the picture's side.
        side: patches of the picture's side.
    """
    chosen = maps.unflatten(1, (groups, -1))[torch.arange(len(maps), device=maps.device), group]
    up = interpolate(chosen.sum(1, keepdim=True), (size, size), mode="bilinear", align_corners=False)
    return adaptive_avg_pool2d(up, side).flatten(1)


def highest(scores: Tensor, number: int) -> Tensor:
    """Positions of the `number` highest scores of each row, in rising order, int64 ``[b, number]``."""
    return scores.topk(number, dim=1).indices.sort(1).values
