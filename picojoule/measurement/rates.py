"""How fast this process computes the layers a step of training is made of, forward and backward.

Small layers of three kinds are timed alone: a dense convolution, a depthwise one, and the norm and activation that
follow either and only move values. The fastest of some runs counts, since whatever else the machine does slows others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import nn

CHANNELS, SIDE, BATCH = 32, 14, 16
_VALUES = BATCH * CHANNELS * SIDE**2
_PASSES = 3
"""Forward, and the two products of the backward pass."""


@final
@dataclass(frozen=True, kw_only=True)
class Rates:
    """Rates of a process.

    Attributes:
        flop_per_s: of dense convolutions.
        grouped_flop_per_s: of depthwise ones.
        bytes_per_s: of the values that a layer reads and writes, with what its norm and activation do to them.
    """

    flop_per_s: float
    grouped_flop_per_s: float
    bytes_per_s: float


def rates(*, repeats: int = 10, device: str = "cpu") -> Rates:
    """Measure them.

    Args:
        repeats: of each layer.
        device: where.
    """
    follow = nn.Sequential(nn.BatchNorm2d(CHANNELS), nn.ReLU())
    dense = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False)
    depthwise = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, groups=CHANNELS, bias=False)
    moved, multiplied, grouped = (_fastest(each.to(device), repeats, device) for each in (follow, dense, depthwise))
    macs = 9 * _VALUES
    return Rates(
        flop_per_s=2 * _PASSES * macs * CHANNELS / multiplied,
        grouped_flop_per_s=2 * _PASSES * macs / grouped,
        bytes_per_s=_PASSES * 2 * 4 * _VALUES / moved,
    )


def _fastest(layer: nn.Module, repeats: int, device: str) -> float:
    x = torch.rand(BATCH, CHANNELS, SIDE, SIDE, device=device, requires_grad=True)
    ones = torch.ones(BATCH, CHANNELS, SIDE, SIDE, device=device)
    return min(timed(lambda: layer(x).backward(ones), device) for _ in range(repeats + 1))


def timed(work: Callable[[], object], device: str = "cpu") -> float:
    """Seconds of some work."""
    begun = time.perf_counter()
    work()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - begun
