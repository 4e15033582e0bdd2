"""The one formula that puts numbers on a grid."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

ROUNDINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "nearest": torch.round,
    "truncate": torch.trunc,
    "floor": torch.floor,
}
"""By name; ``nearest`` takes halves to the even number, ``truncate`` goes towards zero, ``floor`` down."""


def on_grid(
    x: Tensor, step: float | Tensor, low: float | Tensor, high: float | Tensor, rounding: str = "nearest"
) -> Tensor:
    """s·clip(round(x/s), low, high), any shape.

    Args:
        x: numbers.
        step: s > 0, of a shape that fits `x`.
        low, high: the whole numbers at the ends.
        rounding: one of :data:`ROUNDINGS`.
    """
    return ROUNDINGS[rounding](x / step).clamp_(low, high).mul_(step)
