"""Successive approximation: neurons that have all their charge before their window, and fire a few spikes in it.

::

    v(0) = clip(u, low, high)
    s(t) = 1 if v ≥ T(t);  −1 if v ≤ −T⁻(t);  else 0
    û ← û + d(t) at s = 1;  û + d⁻(t) at s = −1          v ← v − h(t);  v + h⁻(t)

Blocks of neurons are innermost and the K steps outside them, so potentials and sums stay in the first-level cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from picojoule.kernels.blocks import BLOCK


class Tables(NamedTuple):
    """What changes with the step, float32 arrays of length K, and between which potentials a window may open.

    T, h, d; of spikes below zero T⁻ (NaN, which nothing reaches, where there are none), h⁻ and d⁻.
    """

    thresholds: np.ndarray
    resets: np.ndarray
    amplitudes: np.ndarray
    floors: np.ndarray
    refunds: np.ndarray
    debits: np.ndarray
    low: np.float32
    high: np.float32

    @property
    def steps(self) -> int:
        """K."""
        return len(self.thresholds)


def decode(u: Tensor, tables: Tables) -> tuple[Tensor, Tensor]:
    """What a receiver decodes, and how often each neuron fires.

    Args:
        u: ``[batch, n]``. A contiguous float32 tensor on the CPU is overwritten by the compiled kernel; any other is
            left alone by the plain-torch reference.
        tables: what the neurons do.

    Returns:
        Values, of the shape of `u`, and spikes, uint8 of that shape.
    """
    if u.dtype != torch.float32 or u.device.type != "cpu" or not u.is_contiguous():
        return decode_reference(u, tables)
    spikes = torch.empty(u.shape, dtype=torch.uint8)
    _decode(u.detach().view(-1).numpy(), tables, spikes.view(-1).numpy())
    return u, spikes


def decode_reference(u: Tensor, tables: Tables) -> tuple[Tensor, Tensor]:
    """:func:`decode` in plain torch, any shape, for every device and dtype."""
    values, spikes = torch.zeros_like(u), torch.zeros(u.shape, dtype=torch.uint8, device=u.device)
    for fired, payload in _steps(u, tables):
        values += payload
        spikes += fired
    return values, spikes


def raster(u: Tensor, tables: Tables) -> Tensor:
    """Whether each neuron fires at each step, bool ``[steps, *shape of u]``."""
    return torch.stack([fired for fired, _ in _steps(u, tables)])


def _steps(u: Tensor, tables: Tables):  # type: ignore[no-untyped-def]
    """Of every step, who fires, and what that is worth."""
    v = u.clamp(float(tables.low), float(tables.high))
    for threshold, reset, amplitude, floor, refund, debit in zip(*(each.tolist() for each in tables[:6]), strict=True):
        above, below = v >= threshold, v <= -floor
        v = torch.where(above, v - reset, torch.where(below, v + refund, v))
        yield above | below, torch.where(above, amplitude, below * debit)


@numba.njit(cache=True, nogil=True)
def _decode(u, tables, spikes):  # type: ignore[no-untyped-def]
    """In place: u[i] ← û; spikes[i] ← how often neuron i fires."""
    values, numbers = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    steps, signed = len(tables.thresholds), not np.isnan(tables.floors[0])
    whole = 0 if signed else steps // 4 * 4
    for start in range(0, len(u), BLOCK):
        v = u[start : start + BLOCK]
        size = len(v)
        values[:] = 0
        numbers[:] = 0
        for i in range(size):
            v[i] = min(max(v[i], tables.low), tables.high)
        for t in range(0, whole, 4):
            _four_steps(v, values[:size], numbers[:size], tables, t)
        for t in range(whole, steps):
            _step(v, values[:size], numbers[:size], tables, t)
        for i in range(size):
            v[i] = values[i]
            spikes[start + i] = np.uint8(numbers[i])


@numba.njit(inline="always")
def _four_steps(v, values, numbers, tables, t):  # type: ignore[no-untyped-def]
    """Four steps of a block that only fires above, in registers; without a branch, so that it runs at vector speed."""
    t0, t1, t2, t3 = tables.thresholds[t : t + 4]
    h0, h1, h2, h3 = tables.resets[t : t + 4]
    d0, d1, d2, d3 = tables.amplitudes[t : t + 4]
    for i in range(len(v)):
        rest = (v[i], values[i], numbers[i])
        rest = _above(rest, t0, h0, d0)
        rest = _above(rest, t1, h1, d1)
        rest = _above(rest, t2, h2, d2)
        v[i], values[i], numbers[i] = _above(rest, t3, h3, d3)


@numba.njit(inline="always")
def _above(rest, threshold, reset, amplitude):  # type: ignore[no-untyped-def]
    """Potential, value and spikes after a step."""
    v, value, number = rest
    fires, none, one = v >= threshold, np.float32(0), np.float32(1)
    return v - (reset if fires else none), value + (amplitude if fires else none), number + (one if fires else none)


@numba.njit(inline="always")
def _step(v, values, numbers, tables, t):  # type: ignore[no-untyped-def]
    """One step of one block, above and below."""
    threshold, reset, amplitude = tables.thresholds[t], tables.resets[t], tables.amplitudes[t]
    floor, refund, debit = -tables.floors[t], tables.refunds[t], tables.debits[t]
    none, one = np.float32(0), np.float32(1)
    for i in range(len(v)):
        above, below = v[i] >= threshold, v[i] <= floor
        values[i] += amplitude if above else (debit if below else none)
        numbers[i] += one if above or below else none
        v[i] = v[i] - reset if above else (v[i] + refund if below else v[i])
