"""Straight through: forward the rounded number, backward as if it had not been rounded."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from picojoule.quant.fixed import Fixed, Grid


class _Through(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, grid: Fixed | Grid) -> Tensor:
        return grid.quantise(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0], None


def through(x: Tensor, grid: Fixed | Grid) -> Tensor:
    """Q(x) with ∂Q/∂x := 1 everywhere, also where it saturates, as the released code of Q-MANN has it."""
    return _Through.apply(x, grid)


class _Binary(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return grads[0]


def binary(x: Tensor) -> Tensor:
    """+1 where x ≥ 0 (also at −0), else −1; ∂/∂x := 1."""
    return _Binary.apply(x)
