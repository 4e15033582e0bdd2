"""A few-spikes neuron in training by a surrogate: one pass over a grid, forward and back.

::

    v(t+1) = v(t) − h(t)·z(t);   z(t) = [v(t) ≥ T(t)];   y = Σ_t d(t)·z(t);   L = mean (y − f)²
    backward                     ∂z/∂v := σ'(v − T),  σ'(x) = max(0, 1 − |x|)
    λ(t) = λ(t+1) + σ'(t)·q(t),  q(t) = g·d(t) − h(t)·λ(t+1),  g = 2(y − f)
    ∂L/∂d(t) = g·z(t);   ∂L/∂h(t) = −z(t)·λ(t+1);   ∂L/∂T(t) = −σ'(t)·q(t)
"""

from __future__ import annotations

import numba
import numpy as np
import torch
from torch import Tensor

from picojoule.kernels.blocks import BLOCK


def imitate(sequences: np.ndarray, x: np.ndarray, f: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean squared error, and its surrogate gradient.

    Args:
        sequences: float32 ``[3, K]``: T, h, d.
        x, f: float32 ``[n]``: the grid and the function there.
    """
    gradient = np.zeros(sequences.shape)
    error = _imitate(sequences[0], sequences[1], sequences[2], x, f, gradient)
    return error / len(x), gradient / len(x)


def imitate_reference(sequences: Tensor, x: Tensor, f: Tensor) -> tuple[Tensor, Tensor]:
    """:func:`imitate` in plain torch, by autograd."""
    sequences = sequences.detach().requires_grad_()
    v, y = x, torch.zeros_like(x)
    for T, h, d in sequences.unbind(1):
        above = v - T
        z = (above >= 0).to(x) + _triangle(above)
        y, v = y + d * z, v - h * z
    error = (y - f).square().mean()
    return error.detach(), torch.autograd.grad(error, sequences)[0]


def _triangle(above: Tensor) -> Tensor:
    """Zero, whose derivative is max(0, 1 − |x|)."""
    slope = (1 - above.abs()).clamp_min(0).detach()
    return slope * (above - above.detach())


@numba.njit(cache=True, nogil=True)
def _imitate(thresholds, resets, amplitudes, x, f, gradient):  # type: ignore[no-untyped-def]
    steps, total = len(thresholds), 0.0
    above = np.empty((steps, BLOCK), np.float32)
    v, y, back = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    sums = np.empty((3, 16), np.float32)
    for start in range(0, len(x), BLOCK):
        size = min(BLOCK, len(x) - start)
        v[:size], y[:] = x[start : start + size], 0
        for t in range(steps):
            _forward(above[t, :size], v, y, thresholds[t], resets[t], amplitudes[t])
        for i in range(size):
            off = y[i] - f[start + i]
            total += np.float64(off) * off
            y[i], back[i] = 2 * off, 0
        for t in range(steps - 1, -1, -1):
            sums[:] = 0
            _backward(above[t, :size], y, back, resets[t], amplitudes[t], sums)
            for which in range(3):
                for lane in range(16):
                    gradient[which, t] += sums[which, lane]
    return total


@numba.njit(inline="always")
def _forward(above, v, y, threshold, reset, amplitude):  # type: ignore[no-untyped-def]
    none = np.float32(0)
    for i in range(len(above)):
        over = v[i] - threshold
        above[i] = over
        y[i] += amplitude if over >= none else none
        v[i] -= reset if over >= none else none


@numba.njit(inline="always")
def _backward(above, g, back, reset, amplitude, sums):  # type: ignore[no-untyped-def]
    """One step of one block; sums in sixteen parts, so that it runs at vector speed."""
    for start in range(0, len(above), 16):
        for lane in range(min(16, len(above) - start)):
            i = start + lane
            over, later = above[i], back[i]
            z = np.float32(1) if over >= 0 else np.float32(0)
            slope = max(np.float32(0), np.float32(1) - abs(over))
            through = slope * (g[i] * amplitude - reset * later)
            sums[0, lane] -= through
            sums[1, lane] -= z * later
            sums[2, lane] += g[i] * z
            back[i] = later + through
