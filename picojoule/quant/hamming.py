"""A similarity of two vectors that is bounded whatever their lengths: weighted Hamming similarity (``park2018qmann``).

With sign-magnitude codes of n bits, signs s ∈ {−1, +1} and magnitudes a, b of n − 1 bits as whole numbers, N = 2^(n−1)::

    HS(u, v) = s_u s_v Σ_k W_k XNOR(a_k, b_k),   W_k = 2^(k+α−n),  k = 0 … n−2
             = s_u s_v·2^c·(N − 1 − (a ⊕ b))/N,  c = α − 1               S(U, V) = Σ_d HS(U_d, V_d)

so that |HS| < 2^c. The gradient takes bits for real numbers and drops the pairs that are equal::

    ∂HS/∂u = s_v·2^c·( pop b − pop a + [s_u ≠ s_v] )

The last term is for the sign bit. The released code has −2^c there for both operands and either sign, which pushes a
negative u further from a positive v; ``sign_term="released"`` does the same.

``aligned=True`` is a variant of the released code that takes the common part of two magnitudes away first. It removes
the cliffs of binary numbers (0111 beside 1000) and makes the measure one of distance::

    HS = s_u s_v·2^c·(N − 1 − min(|s_u a − s_v b|, N − 1))/N,      ∂HS/∂u = −2^c·sign(u − v)/2^IWL

The gradient of that variant is ours: it draws u towards v.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.quant.fixed import Grid


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Hamming:
    """The measure.

    Attributes:
        scale: c; −3 is the released code's setting.
        aligned: take the common part away first.
        sign_term: of the gradient, ``symmetric`` or ``released``.

    Raises:
        InputError: an unknown sign term.
    """

    scale: int = -3
    aligned: bool = False
    sign_term: str = "symmetric"

    def __post_init__(self) -> None:
        if self.sign_term not in ("symmetric", "released"):
            raise InputError(
                f"a sign term {self.sign_term!r}", where="Hamming", remedy="give symmetric or released"
            )

    def similarity(self, m: Tensor, u: Tensor, grid: Grid) -> Tensor:
        """S(m_i, u) of every memory.

        Args:
            m: memories ``[groups, batch, memories, lanes, values]``, on the grid of their lane.
            u: key ``[groups, batch, lanes, values]``, likewise.
            grid: the format of each lane, sign-magnitude, at most 15 bits.

        Returns:
            ``[groups, batch, memories, lanes]``; its gradient is the approximation above.
        """
        return _Similarity.apply(m, u.unsqueeze(2), grid, self)


def magnitudes(x: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
    """Magnitude in steps, int16, and whether the sign bit is set, of numbers on the grid."""
    return (x.abs() / grid.step).to(torch.int16), torch.signbit(x)


def popcount(x: Tensor) -> Tensor:
    """How many bits are set, for int16 ≥ 0."""
    x = x - ((x >> 1) & 0x5555)
    x = (x & 0x3333) + ((x >> 2) & 0x3333)
    x = (x + (x >> 4)) & 0x0F0F
    return (x + (x >> 8)) & 0x1F


class _Similarity(torch.autograd.Function):
    """Shapes: m ``[g, b, l, s, e]``, u ``[g, b, 1, s, e]``."""

    @staticmethod
    def forward(ctx: Any, m: Tensor, u: Tensor, grid: Grid, measure: Hamming) -> Tensor:
        ctx.save_for_backward(m, u)
        ctx.grid, ctx.measure = grid, measure
        full = 2 ** (grid.bits - 1)
        (a, negative_m), (b, negative_u) = magnitudes(m, grid), magnitudes(u, grid)
        differ = negative_m ^ negative_u
        if measure.aligned:
            apart = torch.where(differ, a + b, (a - b).abs()).clamp_(max=full - 1)
        else:
            apart = a ^ b
        near = (full - 1) - apart
        signed = torch.where(differ, -near, near)
        return signed.sum(-1, dtype=torch.float32) * (2.0**measure.scale / full)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        m, u = ctx.saved_tensors
        grid, measure = ctx.grid, ctx.measure
        g = (grads[0] * 2.0**measure.scale).unsqueeze(-1)
        if measure.aligned:
            away = g * torch.sign(m - u) / ((grid.high + 1) * grid.step)
            return -away, away.sum(2, keepdim=True), None, None
        (a, negative_m), (b, negative_u) = magnitudes(m, grid), magnitudes(u, grid)
        more = (popcount(b) - popcount(a)).to(g.dtype)  # pop u − pop m
        differ = (negative_m ^ negative_u).to(g.dtype)
        sign_m, sign_u = 1 - 2 * negative_m.to(g.dtype), 1 - 2 * negative_u.to(g.dtype)
        if measure.sign_term == "released":
            to_m, to_u = sign_u * more - differ, -sign_m * more - differ
        else:
            to_m, to_u = sign_u * (more + differ), sign_m * (differ - more)
        return g * to_m, (g * to_u).sum(2, keepdim=True), None, None
