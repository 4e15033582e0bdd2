"""A similarity of two vectors that is bounded whatever their lengths: weighted Hamming similarity (``park2018qmann``).

With sign-magnitude codes of n bits, signs s ∈ {−1, +1}, magnitudes a, b of n − 1 bits as whole numbers, N = 2^(n−1)::

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
from picojoule.kernels import truncated
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
            raise InputError(f"a sign term {self.sign_term!r}", where="Hamming", remedy="give symmetric or released")

    def similarity(self, m: Tensor, u: Tensor, grid: Grid) -> Tensor:
        """S(m_i, u) of every memory.

        Args:
            m: memories ``[n, l, s, e]`` of s lanes, on the grid of their lane.
            u: key ``[n, s, e]``, likewise.
            grid: the format of each lane, sign-magnitude, at most 15 bits.

        Returns:
            ``[n, l, s]``; its gradient is the approximation above.
        """
        return _Similarity.apply(m, u, grid, self)


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
    @staticmethod
    def forward(ctx: Any, m: Tensor, u: Tensor, grid: Grid, measure: Hamming) -> Tensor:
        ctx.save_for_backward(m, u)
        ctx.grid, ctx.measure = grid, measure
        full = 2 ** (grid.bits - 1)
        plain = not measure.aligned and truncated.usable(m, u)
        total = truncated.hamming(m, u, grid.step, full) if plain else _sums(m, u.unsqueeze(1), grid, measure, full)
        return total * (2.0**measure.scale / full)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        m, u = ctx.saved_tensors
        grid, measure = ctx.grid, ctx.measure
        g = grads[0] * 2.0**measure.scale
        if not measure.aligned and measure.sign_term == "symmetric" and truncated.usable(m, u):
            return *truncated.hamming_back(g, m, u, grid.step), None, None
        to_m, to_u = _slopes(m, u.unsqueeze(1), grid, measure)
        return g.unsqueeze(-1) * to_m, (g.unsqueeze(-1) * to_u).sum(1), None, None


def _sums(m: Tensor, u: Tensor, grid: Grid, measure: Hamming, full: int) -> Tensor:
    """Σ_e s_m s_u (N − 1 − apart), the reference of the compiled form; u ``[n, 1, s, e]``."""
    (a, negative_m), (b, negative_u) = magnitudes(m, grid), magnitudes(u, grid)
    differ = negative_m ^ negative_u
    apart = torch.where(differ, a + b, (a - b).abs()).clamp_(max=full - 1) if measure.aligned else a ^ b
    near = (full - 1) - apart
    return torch.where(differ, -near, near).sum(-1, dtype=torch.float32)


def _slopes(m: Tensor, u: Tensor, grid: Grid, measure: Hamming) -> tuple[Tensor, Tensor]:
    """∂HS/∂m and ∂HS/∂u over 2^c, element by element."""
    if measure.aligned:
        towards = torch.sign(u - m) / ((grid.high + 1) * grid.step)
        return towards, -towards
    (a, negative_m), (b, negative_u) = magnitudes(m, grid), magnitudes(u, grid)
    more = (popcount(b) - popcount(a)).to(m.dtype)  # pop u − pop m
    differ = (negative_m ^ negative_u).to(m.dtype)
    sign_m, sign_u = 1 - 2 * negative_m.to(m.dtype), 1 - 2 * negative_u.to(m.dtype)
    if measure.sign_term == "released":
        return sign_u * more - differ, -sign_m * more - differ
    return sign_u * (more + differ), sign_m * (differ - more)
