"""All steps of many neurons: the scan v ← a·v + I(t), s = [v ≥ θ(t)], v ← v − r(t)·s over a block of time
(of neurons that are reset to zero v ← κ·v − r(t), κ = 0).

Signed neurons also fire below zero: s = −1 where v ≤ −θ⁻(t), and v ← v + r⁻(t).

Bursting neurons have a second state, the significance g of their next spike: threshold, reset and what a spike emits
are g times the tables', and g ← β·g after a spike, 1 after a silent step.

Neurons that correct themselves have the spikes m that stand: s = −1 where v < −θ⁻(t) and m > 0, and m ← m + s.

The current of neuron i at step t is ``drive[t, b, i] + share[t]·constant[b, i]``: what arrives, and what is there all
the time (biases, analogue input). The drive is overwritten by what the neurons emit.

Blocks of neurons are innermost and time is outside them, so that potentials stay in the first-level cache and the
inner loop runs at vector speed; the other order is tens of times slower.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

_BLOCK = 1024
_NO_SECOND = np.zeros((0, 0), np.float32)


class Tables(NamedTuple):
    """What changes with the step, float32 arrays of one length: θ, r, what a spike emits, the share of constants; of
    spikes below zero θ⁻ (NaN, which nothing reaches, where there are none), r⁻ and what they emit."""

    thresholds: np.ndarray
    resets: np.ndarray
    amplitudes: np.ndarray
    shares: np.ndarray
    floors: np.ndarray
    refunds: np.ndarray
    debits: np.ndarray

    def part(self, start: int, stop: int) -> Tables:
        """The tables of the steps start … stop − 1."""
        return Tables(*(each[start:stop] for each in self))

    @staticmethod
    def unsigned(thresholds: np.ndarray, resets: np.ndarray, amplitudes: np.ndarray, shares: np.ndarray) -> Tables:
        """Of neurons without spikes below zero."""
        none = np.zeros_like(shares)
        return Tables(thresholds, resets, amplitudes, shares, np.full_like(shares, np.nan), none, none)


class Fired(NamedTuple):
    """Per sample, int64: spikes, and Σ of `weights` over the spikes."""

    spikes: np.ndarray
    weighted: np.ndarray


def scan(
    drive: Tensor,
    constant: Tensor,
    tables: Tables,
    leak: float,
    v: Tensor,
    weights: np.ndarray,
    keep: float = 1.0,
    growth: float = 1.0,
    corrects: bool = False,
    g: Tensor | None = None,
) -> tuple[Tensor, Tensor, Fired]:
    """Run the neurons.

    Args:
        drive: ``[steps, batch, n]``. Contiguous float32 tensors on the CPU are overwritten by the compiled kernel;
            others are left alone by the plain-torch reference.
        constant: ``[batch or 1, n]``.
        tables: of these steps.
        leak: a.
        v: potentials before the first step, ``[batch, n]``; overwritten like `drive`.
        weights: int64 ``[n]``, what to sum over the spikes (the fan-out).
        keep: κ, the share of the potential that a spike leaves.
        growth: β.
        corrects: whether the neurons correct themselves.
        g: second state (g or m) before the first step, ``[batch, n]``; changed. None of neurons that have none.

    Returns:
        What is emitted ``[steps, batch, n]``, the last potentials, and the counts.
    """
    tensors = (drive, constant, v) if g is None else (drive, constant, v, g)
    if not all(each.dtype == torch.float32 and each.device.type == "cpu" and each.is_contiguous() for each in tensors):
        return scan_reference(drive, constant, tables, leak, v, weights, keep, growth, corrects, g)
    counts = Fired(*(np.zeros(len(v), np.int64) for _ in range(2)))
    second = _NO_SECOND if g is None else g.numpy()
    law = tuple(map(np.float32, (leak, keep, growth)))
    _scan(drive.numpy(), constant.numpy(), tables, *law, corrects, v.numpy(), second, weights, *counts)
    return drive, v, counts


def scan_reference(
    drive: Tensor,
    constant: Tensor,
    tables: Tables,
    leak: float,
    v: Tensor,
    weights: np.ndarray,
    keep: float = 1.0,
    growth: float = 1.0,
    corrects: bool = False,
    g: Tensor | None = None,
) -> tuple[Tensor, Tensor, Fired]:
    """:func:`scan` in plain torch, for every device and dtype."""
    emitted = torch.empty_like(drive)
    rows = zip(*(each.tolist() for each in tables), strict=True)
    for t, (threshold, reset, amplitude, share, floor, refund, debit) in enumerate(rows):
        v = leak * v + (drive[t] + share * constant)
        now = 1.0 if g is None or corrects else g
        spikes, below = v >= now * threshold, (v < -floor) & (g > 0) if corrects else v <= -floor
        back = -v if refund == inf else refund
        v = torch.where(spikes, keep * v - now * reset, torch.where(below, v + back, v))
        emitted[t] = torch.where(spikes, now * amplitude, below * debit)
        if g is not None:
            g.copy_(g + spikes.to(g) - below.to(g) if corrects else torch.where(spikes, growth * g, 1.0))
    fired = emitted != 0
    weighted = (fired * torch.as_tensor(weights, device=drive.device)).sum((0, 2))
    return emitted, v, Fired(fired.sum((0, 2)).cpu().numpy(), weighted.cpu().numpy())


@numba.njit(cache=True, nogil=True)
def _scan(drive, constant, tables, leak, keep, growth, corrects, v, g, weights, spikes, weighted):  # type: ignore[no-untyped-def]
    steps, batch, n = drive.shape
    count = np.empty(_BLOCK, np.float32)
    for b in range(batch):
        held, potential = constant[b % len(constant)], v[b]
        found, total = 0, 0
        for start in range(0, n, _BLOCK):
            stop = min(n, start + _BLOCK)
            count[:] = 0
            c, u = held[start:stop], potential[start:stop]
            for t in range(steps):
                if corrects:
                    _correct(drive[t, b, start:stop], c, u, g[b, start:stop], count, tables, t, leak, keep)
                elif len(g):
                    _burst(drive[t, b, start:stop], c, u, g[b, start:stop], count, tables, t, leak, keep, growth)
                else:
                    _step(drive[t, b, start:stop], c, u, count, tables, t, leak, keep)
            for i in range(stop - start):
                found += np.int64(count[i])
                total += np.int64(count[i]) * weights[start + i]
        spikes[b], weighted[b] = found, total


@numba.njit(inline="always")
def _step(x, constant, v, count, tables, t, leak, keep):  # type: ignore[no-untyped-def]
    """One step of one block; without a branch, so that it runs at vector speed."""
    threshold, reset, amplitude, share = tables.thresholds[t], tables.resets[t], tables.amplitudes[t], tables.shares[t]
    floor, refund, debit = -tables.floors[t], tables.refunds[t], tables.debits[t]
    for i in range(len(x)):
        u = leak * v[i] + (x[i] + share * constant[i])
        fires, below = u >= threshold, u <= floor
        v[i] = keep * u - reset if fires else (u + (-u if refund == inf else refund) if below else u)
        x[i] = amplitude if fires else (debit if below else np.float32(0))
        count[i] += np.float32(1) if fires or below else np.float32(0)


@numba.njit(inline="always")
def _burst(x, constant, v, g, count, tables, t, leak, keep, growth):  # type: ignore[no-untyped-def]
    """:func:`_step` of neurons with a significance."""
    threshold, reset, amplitude, share = tables.thresholds[t], tables.resets[t], tables.amplitudes[t], tables.shares[t]
    for i in range(len(x)):
        u = leak * v[i] + (x[i] + share * constant[i])
        fires = u >= g[i] * threshold
        v[i] = keep * u - g[i] * reset if fires else u
        x[i] = g[i] * amplitude if fires else np.float32(0)
        g[i] = growth * g[i] if fires else np.float32(1)
        count[i] += np.float32(1) if fires else np.float32(0)


@numba.njit(inline="always")
def _correct(x, constant, v, m, count, tables, t, leak, keep):  # type: ignore[no-untyped-def]
    """:func:`_step` of neurons that correct themselves."""
    threshold, reset, amplitude, share = tables.thresholds[t], tables.resets[t], tables.amplitudes[t], tables.shares[t]
    floor, refund, debit = -tables.floors[t], tables.refunds[t], tables.debits[t]
    one, none = np.float32(1), np.float32(0)
    for i in range(len(x)):
        u = leak * v[i] + (x[i] + share * constant[i])
        fires, back = u >= threshold, (u < floor) & (m[i] > none)
        v[i] = keep * u - reset if fires else (u + refund if back else u)
        x[i] = amplitude if fires else (debit if back else none)
        m[i] += one if fires else (-one if back else none)
        count[i] += one if fires or back else none
