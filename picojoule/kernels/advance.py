"""A population of neurons over a block of steps, driven by events and emitting events: nothing is dense in time.

::

    v ← a·v + Σ w·(events of step t) + share(t)·constant        s = [v ≥ θ(t)]        v ← v − r(t)·s

Signed neurons also fire below zero: s = −1 where v ≤ −θ⁻(t), and v ← v + r⁻(t). Bursting neurons have a significance g:
threshold, reset and what they emit are g times as large, and g ← β·g after a spike, 1 after a silent step. Neurons that
correct themselves have the spikes m that stand: s = −1 where v < −θ⁻(t) and m > 0, and m ← m + s.
The least it must move: the weights and membranes of every event's runs (8 bytes read and 4 written a synaptic
operation, most of them in the nearest cache), and 12 bytes a neuron and step to look for spikes.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from picojoule.kernels.listing import list_set
from picojoule.kernels.projection import NOWHERE, Projection, Stream, arrive, from_frames, scatter_reference
from picojoule.kernels.scan import Tables
from picojoule.kernels.vectors import LANES

_FIRST_GUESS = 4
"""One neuron in so many is given room to fire in a step at first."""


class Layout(NamedTuple):
    """Where the neurons are among the membranes: rows of equal length with margins between them.

    Attributes:
        first: the first neuron.
        rows, pitch, length: so many rows, each `pitch` after the one before, of `length` neurons.
        size: membranes in all, margins included.
    """

    first: int
    rows: int
    pitch: int
    length: int
    size: int

    def neurons_of(self, membranes: Tensor) -> Tensor:
        """The neurons alone, a view ``[samples, rows, length]`` of ``[samples, size]``."""
        first = membranes.storage_offset() + self.first
        return membranes.as_strided((len(membranes), self.rows, self.length), (self.size, self.pitch, 1), first)


def advance(
    incoming: tuple[Stream, ...],
    projections: tuple[Projection, ...],
    layout: Layout,
    v: Tensor,
    constant: Tensor,
    tables: Tables,
    leak: float,
    keep: float = 1.0,
    growth: float = 1.0,
    corrects: bool = False,
    g: Tensor | None = None,
) -> Stream:
    """Run the neurons.

    Args:
        incoming: what arrives at each step of `tables`, from each branch that projects to them.
        projections: where it lands.
        layout: where the neurons are in `v`.
        v: membranes before the first step, ``[samples, layout.size]``; changed. Compiled on the CPU; plain torch
            elsewhere.
        constant: what is there in every step, ``[samples or 1, neurons]``.
        tables: thresholds, resets, amplitudes and shares of these steps.
        leak: a.
        keep: κ, the share of the potential that a spike leaves: v ← κ·v − r(t).
        growth: β.
        corrects: whether the neurons correct themselves.
        g: second state (g or m) before the first step, ``[samples, neurons]``; changed. None of neurons that have none.

    Returns:
        What the neurons emit.
    """
    if v.device.type != "cpu":
        return advance_reference(incoming, projections, layout, v, constant, tables, leak, keep, growth, corrects, g)
    steps, dtype = len(tables.thresholds), v.numpy().dtype
    if not incoming:
        incoming, projections = (Stream.room(len(v), steps, 0, dtype),), (NOWHERE,)
    neurons, begin, turns = layout.rows * layout.length, 0, len(v) * steps
    out = Stream.room(len(v), steps, neurons + LANES + turns * neurons // _FIRST_GUESS, dtype)
    second = np.zeros((0, 0), dtype) if g is None else g.numpy()
    law = tuple(map(dtype.type, (leak, keep, growth)))
    room = _Room.of(neurons, projections, dtype)
    fixed = incoming, projections, layout, v.numpy(), second, constant.numpy(), tables, *law, corrects, room
    while (begin := _advance(*fixed, begin, out)) < turns:
        out = out.grown()
    return out.trimmed()


class _Room(NamedTuple):
    """What the kernel works in: it makes no arrays, so Numba need not count who holds them.

    Attributes:
        flags: which neurons fire, whole LANES.
        negative: which of them below zero.
        sent: what a spike of each sends.
        starts: where the events of a position begin.
    """

    flags: np.ndarray
    negative: np.ndarray
    sent: np.ndarray
    starts: np.ndarray

    @staticmethod
    def of(neurons: int, projections: tuple[Projection, ...], dtype: np.dtype) -> _Room:
        """Enough for so many neurons, and for the positions of every source."""
        return _Room(
            flags=np.zeros(-(-neurons // LANES) * LANES, np.uint8),
            negative=np.zeros(neurons, np.bool_),
            sent=np.zeros(neurons, dtype),
            starts=np.empty(max(len(each.target) for each in projections) + 1, np.int64),
        )


def advance_reference(
    incoming: tuple[Stream, ...],
    projections: tuple[Projection, ...],
    layout: Layout,
    v: Tensor,
    constant: Tensor,
    tables: Tables,
    leak: float,
    keep: float = 1.0,
    growth: float = 1.0,
    corrects: bool = False,
    g: Tensor | None = None,
) -> Stream:
    """:func:`advance` in plain torch, for every device and dtype, step by step."""
    emitted = []
    rows = zip(*(each.tolist() for each in tables), strict=True)
    for t, (threshold, reset, amplitude, share, floor, refund, debit) in enumerate(rows):
        v *= leak
        for stream, projection in zip(incoming, projections, strict=True):
            for sample in range(len(v)):
                scatter_reference(stream, sample, t, projection, v[sample])
        neurons = layout.neurons_of(v)
        neurons += share * constant.view(-1, layout.rows, layout.length)
        second = 1.0 if g is None else g.view(neurons.shape)
        now = 1.0 if corrects else second
        spikes, below = neurons >= now * threshold, neurons <= -floor
        below = (neurons < -floor) & (second > 0) if corrects else below
        back = torch.where(below, neurons + (-neurons if refund == inf else refund), neurons)
        neurons.copy_(torch.where(spikes, keep * neurons - now * reset, back))
        emitted.append(torch.where(spikes, now * amplitude, below * debit).flatten(1))
        if g is not None:
            up, down = spikes.flatten(1), below.flatten(1)
            g.copy_(g + up.to(g) - down.to(g) if corrects else torch.where(up, growth * g, 1.0))
    return from_frames(torch.stack(emitted, 1).to(v.dtype))


@numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _advance(incoming, projections, layout, v, g, constant, tables, leak, keep, growth, corrects, room, begin, out):  # type: ignore[no-untyped-def]
    """The turns (sample by sample, and in each step by step) from `begin` on; the one that lacked room, or how many
    there are."""
    steps, neurons = len(tables.thresholds), layout.rows * layout.length
    flags, negative, sent, starts = room
    for turn in range(begin, len(v) * steps):
        b, t = turn // steps, turn % steps
        before = out.bounds[b, t] if t else (out.bounds[b - 1, steps] if b else 0)
        if len(out.where) - before < neurons + LANES:
            return turn
        membranes, held, signed = v[b], constant[b % len(constant)], not np.isnan(tables.floors[t])
        out.bounds[b, t] = before
        if leak != 1:
            for i in range(len(membranes)):
                membranes[i] *= leak
        for k in range(len(incoming)):
            one = incoming[k]
            arrive(one.where, one.amount, one.bounds[b, t], one.bounds[b, t + 1], projections[k], starts, membranes)
        for row in range(layout.rows):
            at, first = layout.first + row * layout.pitch, row * layout.length
            mine = slice(first, first + layout.length)
            u, c, fires = membranes[at : at + layout.length], held[mine], flags[mine]
            if corrects:
                _compare_corrected(u, c, g[b, mine], tables, t, keep, fires, sent[mine])
            elif len(g):
                _compare_burst(u, c, g[b, mine], tables, t, keep, growth, fires, sent[mine])
            elif signed:
                _compare_signed(u, c, tables, t, keep, fires, negative[mine])
            else:
                _compare(u, c, tables.shares[t], tables.thresholds[t], keep, tables.resets[t], fires)
        found = out.bounds[b, t + 1] = list_set(flags, out.where, before)
        amplitude, debit = tables.amplitudes[t], tables.debits[t]
        for e in range(before, found):
            if len(g):
                out.amount[e] = sent[out.where[e]]
            elif signed:
                out.amount[e] = debit if negative[out.where[e]] else amplitude
            else:
                out.amount[e] = amplitude
    return len(v) * steps


@numba.njit(inline="always")
def _compare(u, held, share, threshold, keep, reset, flags):  # type: ignore[no-untyped-def]
    """One step of a row of neurons; without a branch, so that it runs at vector speed."""
    for i in range(len(u)):
        x = u[i] + share * held[i]
        fires = x >= threshold
        u[i] = keep * x - reset if fires else x
        flags[i] = 1 if fires else 0


@numba.njit(inline="always")
def _compare_signed(u, held, tables, t, keep, flags, negative):  # type: ignore[no-untyped-def]
    """:func:`_compare` of neurons that fire below zero too; which of them do."""
    share, threshold, reset = tables.shares[t], tables.thresholds[t], tables.resets[t]
    floor, refund = -tables.floors[t], tables.refunds[t]
    for i in range(len(u)):
        x = u[i] + share * held[i]
        fires, below = x >= threshold, x <= floor
        u[i] = keep * x - reset if fires else (x + (-x if refund == inf else refund) if below else x)
        flags[i] = 1 if fires or below else 0
        negative[i] = below


@numba.njit(inline="always")
def _compare_burst(u, held, g, tables, t, keep, growth, flags, sent):  # type: ignore[no-untyped-def]
    """:func:`_compare` of neurons with a significance, and what a spike of each would send."""
    share, threshold, reset, amplitude = tables.shares[t], tables.thresholds[t], tables.resets[t], tables.amplitudes[t]
    for i in range(len(u)):
        x = u[i] + share * held[i]
        fires = x >= g[i] * threshold
        u[i] = keep * x - g[i] * reset if fires else x
        sent[i] = g[i] * amplitude
        g[i] = growth * g[i] if fires else 1
        flags[i] = 1 if fires else 0


@numba.njit(inline="always")
def _compare_corrected(u, held, m, tables, t, keep, flags, sent):  # type: ignore[no-untyped-def]
    """:func:`_compare` of neurons that correct themselves, and what each sends."""
    share, threshold, reset, amplitude = tables.shares[t], tables.thresholds[t], tables.resets[t], tables.amplitudes[t]
    floor, refund, debit = -tables.floors[t], tables.refunds[t], tables.debits[t]
    for i in range(len(u)):
        x = u[i] + share * held[i]
        fires, back = x >= threshold, (x < floor) & (m[i] > 0)
        u[i] = keep * x - reset if fires else (x + refund if back else x)
        sent[i] = amplitude if fires else debit
        m[i] += 1 if fires else (-1 if back else 0)
        flags[i] = 1 if fires or back else 0
