"""Sums of products that are truncated one by one, as fixed-point hardware without wide accumulators has them.

::

    T(x) = trunc(clip(x/s, low, high))           s = 2^−FRAC of each lane
    dot      z[n,l,s]   = s·Σ_e T(m[n,l,s,e]·u[n,s,e])
    weighted o[n,s,e]   = s·Σ_l T(p[n,l,s]·c[n,l,s,e])
    matrix   h[n,s,o]   = s·Σ_i T(u[n,s,i]·w[i,s,o])

and the weighted Hamming similarity of :mod:`picojoule.quant.hamming`, forward and backward. Operands are on their grid
and sums below 2^24 steps, so that every number is exact in float32 and the order of adding does not matter: kernel and
reference agree bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import torch
from torch import Tensor

_jit = numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
Lane = Tensor | float


def usable(*tensors: Tensor) -> bool:
    """Whether the compiled form serves these tensors."""
    return all(each.device.type == "cpu" and each.dtype == torch.float32 for each in tensors)


def dot(m: Tensor, u: Tensor, step: Lane, low: Lane, high: Lane) -> Tensor:
    """The sums over e; shapes as above, the lane's numbers ``[lanes, 1]`` or one."""
    out = torch.empty(m.shape[:-1])
    _call(_dot, (m, u), out, step, low, high)
    return out


def weighted(p: Tensor, c: Tensor, step: Lane, low: Lane, high: Lane) -> Tensor:
    """The sums over l."""
    out = torch.zeros(c.shape[0], *c.shape[2:])
    _call(_weighted, (p, c), out, step, low, high)
    return out


def matrix(u: Tensor, w: Tensor, step: Lane, low: Lane, high: Lane) -> Tensor:
    """The sums over i."""
    out = torch.zeros(*u.shape[:2], w.shape[2])
    _call(_matrix, (u, w), out, step, low, high)
    return out


def dot_reference(m: Tensor, u: Tensor, step: Lane, low: Lane, high: Lane) -> Tensor:
    """As :func:`dot`, in torch."""
    return _truncated(m * u.unsqueeze(1), step, low, high).sum(-1)


def weighted_reference(p: Tensor, c: Tensor, step: Lane, low: Lane, high: Lane) -> Tensor:
    """As :func:`weighted`, in torch."""
    return _truncated(p.unsqueeze(-1) * c, step, low, high).sum(1)


def matrix_reference(u: Tensor, w: Tensor, step: Lane, low: Lane, high: Lane) -> Tensor:
    """As :func:`matrix`, in torch."""
    return _truncated(u.transpose(1, 2).unsqueeze(-1) * w, step, low, high).sum(1)


def _truncated(x: Tensor, step: Lane, low: Lane, high: Lane) -> Tensor:
    return torch.trunc(x / step).clamp_(low, high).mul_(step)


def hamming(m: Tensor, u: Tensor, step: Lane, full: int) -> Tensor:
    """Σ_e s_m s_u (N − 1 − (a ⊕ b)) ``[n, l, s]`` for m ``[n, l, s, e]`` and u ``[n, s, e]``; N is `full`."""
    out = torch.empty(m.shape[:-1])
    m, u = m.contiguous(), u.contiguous()
    arrays = (m.numpy(), m.view(torch.int32).numpy(), u.numpy(), u.view(torch.int32).numpy())
    _hamming(*arrays, out.numpy(), _lanes(step, m.shape[2]), full)
    return out


def hamming_back(g: Tensor, m: Tensor, u: Tensor, step: Lane) -> tuple[Tensor, Tensor]:
    """g·s_u(pop u − pop m + [s_u ≠ s_m]) of each element of m, and Σ_l g·s_m(pop m − pop u + [s_u ≠ s_m])."""
    to_m, to_u = torch.empty_like(m), torch.zeros_like(u)
    arrays = (g.contiguous().numpy(), m.numpy(), m.view(torch.int32).numpy(), u.numpy(), u.view(torch.int32).numpy())
    _hamming_back(*arrays, to_m.numpy(), to_u.numpy(), _lanes(step, m.shape[2]))
    return to_m, to_u


def _call(
    kernel: Callable[..., None], operands: tuple[Tensor, ...], out: Tensor, step: Lane, low: Lane, high: Lane
) -> None:
    lanes = operands[1].shape[-2]
    ends = [_lanes(each, lanes) for each in (step, low, high)]
    kernel(*(each.contiguous().numpy() for each in operands), out.numpy(), *ends)


def _lanes(value: Lane, lanes: int) -> np.ndarray:
    if isinstance(value, Tensor):
        return value.reshape(-1).numpy()
    return np.full(lanes, value, np.float32)


@_jit
def _dot(m, u, z, step, low, high):
    n, memories, lanes, e = m.shape
    for i in range(n):
        for l in range(memories):
            for s in range(lanes):
                a, b, scale, least, most = m[i, l, s], u[i, s], np.float32(1) / step[s], low[s], high[s]
                total = np.float32(0)
                for k in range(e):
                    total += np.float32(np.int32(min(max(a[k] * b[k] * scale, least), most)))
                z[i, l, s] = total * step[s]


@_jit
def _weighted(p, c, o, step, low, high):
    n, memories, lanes, e = c.shape
    for i in range(n):
        for l in range(memories):
            for s in range(lanes):
                weight, row, scale = p[i, l, s], c[i, l, s], np.float32(1) / step[s]
                least, most, out, unit = low[s], high[s], o[i, s], step[s]
                if weight != 0:
                    for k in range(e):
                        out[k] += unit * np.float32(np.int32(min(max(weight * row[k] * scale, least), most)))


@_jit
def _matrix(u, w, out, step, low, high):
    n, lanes, inputs = u.shape
    e = w.shape[2]
    for i in range(n):
        for s in range(lanes):
            scale, least, most, row, unit = np.float32(1) / step[s], low[s], high[s], out[i, s], step[s]
            for j in range(inputs):
                weight, column = u[i, s, j], w[j, s]
                if weight != 0:
                    for k in range(e):
                        row[k] += unit * np.float32(np.int32(min(max(weight * column[k] * scale, least), most)))


@_jit
def _hamming(m, m_bits, u, u_bits, z, step, full):
    n, memories, lanes, e = m.shape
    for i in range(n):
        for l in range(memories):
            for s in range(lanes):
                scale, total = np.float32(1) / step[s], np.int32(0)
                for k in range(e):
                    a = np.int32(abs(m[i, l, s, k]) * scale)
                    b = np.int32(abs(u[i, s, k]) * scale)
                    near = np.int32(full - 1) - (a ^ b)
                    total += -near if (m_bits[i, l, s, k] ^ u_bits[i, s, k]) < 0 else near
                z[i, l, s] = total


@_jit
def _popcount(x):
    x = x - ((x >> 1) & 0x5555)
    x = (x & 0x3333) + ((x >> 2) & 0x3333)
    x = (x + (x >> 4)) & 0x0F0F
    return (x + (x >> 8)) & 0x1F


@_jit
def _hamming_back(g, m, m_bits, u, u_bits, to_m, to_u, step):
    n, memories, lanes, e = m.shape
    for i in range(n):
        for l in range(memories):
            for s in range(lanes):
                scale, slope = np.float32(1) / step[s], g[i, l, s]
                for k in range(e):
                    more = _popcount(np.int32(abs(u[i, s, k]) * scale)) - _popcount(
                        np.int32(abs(m[i, l, s, k]) * scale)
                    )
                    differ = 1 if (m_bits[i, l, s, k] ^ u_bits[i, s, k]) < 0 else 0
                    sign_u = np.float32(-1) if u_bits[i, s, k] < 0 else np.float32(1)
                    sign_m = np.float32(-1) if m_bits[i, l, s, k] < 0 else np.float32(1)
                    to_m[i, l, s, k] = slope * sign_u * np.float32(more + differ)
                    to_u[i, s, k] += slope * sign_m * np.float32(differ - more)
