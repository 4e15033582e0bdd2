"""Sums of truncated products with a gradient: ∂T/∂x := 1, so that it is the gradient of the exact sums.

Shapes: n = groups × batch, l memories, s lanes, e values. On the CPU they are compiled
(:mod:`picojoule.kernels.truncated`).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from picojoule.kernels import truncated
from picojoule.quant.fixed import Grid


def dot(m: Tensor, u: Tensor, grid: Grid) -> Tensor:
    """Σ_e Q(m·u): m ``[n, l, s, e]``, u ``[n, s, e]`` → ``[n, l, s]``."""
    return _Dot.apply(m, u, grid)


def weighted(p: Tensor, c: Tensor, grid: Grid) -> Tensor:
    """Σ_l Q(p·c): p ``[n, l, s]``, c ``[n, l, s, e]`` → ``[n, s, e]``."""
    return _Weighted.apply(p, c, grid)


def matrix(u: Tensor, w: Tensor, grid: Grid) -> Tensor:
    """Σ_i Q(u·w): u ``[g, b, s, i]``, w ``[g, i, s, o]`` → ``[g, b, s, o]``."""
    return _Matrix.apply(u, w, grid)


def _ends(grid: Grid) -> tuple[Any, Any, Any]:
    return grid.step, grid.low, grid.high


def _compiled(grid: Grid, *tensors: Tensor) -> bool:
    return grid.rounding == "truncate" and grid.bits <= 16 and truncated.usable(*tensors)


class _Dot(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, m: Tensor, u: Tensor, grid: Grid) -> Tensor:
        ctx.save_for_backward(m, u)
        if _compiled(grid, m, u):
            return truncated.dot(m, u, *_ends(grid))
        return grid.quantise(m * u.unsqueeze(1)).sum(-1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        m, u = ctx.saved_tensors
        g = grads[0].unsqueeze(-1)
        return g * u.unsqueeze(1), (g * m).sum(1), None


class _Weighted(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, p: Tensor, c: Tensor, grid: Grid) -> Tensor:
        ctx.save_for_backward(p, c)
        if _compiled(grid, p, c):
            return truncated.weighted(p, c, *_ends(grid))
        return grid.quantise(p.unsqueeze(-1) * c).sum(1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        p, c = ctx.saved_tensors
        g = grads[0].unsqueeze(1)
        return (g * c).sum(-1), g * p.unsqueeze(-1), None


class _Matrix(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, u: Tensor, w: Tensor, grid: Grid) -> Tensor:
        ctx.save_for_backward(u, w)
        if _compiled(grid, u, w):
            return torch.stack([truncated.matrix(*each, *_ends(grid)) for each in zip(u, w, strict=True)])
        return grid.quantise(u.transpose(2, 3).unsqueeze(-1) * w.unsqueeze(1)).sum(2)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        u, w = ctx.saved_tensors
        g = grads[0]
        return torch.einsum("gbso,giso->gbsi", g, w), torch.einsum("gbsi,gbso->giso", u, g), None
