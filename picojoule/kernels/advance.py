"""A population of neurons over a block of steps, driven by events and emitting events: nothing is dense in time.

::

    v ← a·v + Σ w·(events of step t) + share(t)·constant        s = [v ≥ θ(t)]        v ← v − r(t)·s

The least it must move: the weights and membranes of every event's runs (8 bytes read and 4 written a synaptic
operation, most of them in the nearest cache), and 12 bytes a neuron and step to look for spikes.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from picojoule.kernels.projection import Projection, Stream, from_frames, scatter, scatter_reference
from picojoule.kernels.scan import Tables

_WORD = 8
"""Flags that are looked at together."""


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
        """The neurons alone, a view ``[rows, length]``."""
        return membranes.as_strided((self.rows, self.length), (self.pitch, 1), self.first)


def advance(
    incoming: Stream, projection: Projection, layout: Layout, v: Tensor, constant: Tensor, tables: Tables, leak: float
) -> Stream:
    """Run the neurons.

    Args:
        incoming: one list of events for each step of `tables`.
        projection: where they land.
        layout: where the neurons are in `v`.
        v: membranes before the first step, ``[layout.size]``; changed. Compiled on the CPU; plain torch elsewhere.
        constant: what is there in every step, ``[neurons]``.
        tables: thresholds, resets, amplitudes and shares of these steps.
        leak: a.

    Returns:
        What the neurons emit.
    """
    if v.device.type != "cpu":
        return advance_reference(incoming, projection, layout, v, constant, tables, leak)
    steps, arrays = len(tables.thresholds), (v.numpy(), constant.numpy())
    out = Stream.room(steps, steps * len(constant) + _WORD, v.dtype)
    _advance(incoming.arrays, projection, layout, *arrays, tables, v.numpy().dtype.type(leak), out.arrays)
    return out


def advance_reference(
    incoming: Stream, projection: Projection, layout: Layout, v: Tensor, constant: Tensor, tables: Tables, leak: float
) -> Stream:
    """:func:`advance` in plain torch, for every device and dtype."""
    emitted, neurons = [], layout.neurons_of(v)
    for t, (threshold, reset, amplitude, share) in enumerate(zip(*(each.tolist() for each in tables), strict=True)):
        v *= leak
        scatter_reference(incoming, t, projection, v)
        neurons += share * constant.view_as(neurons)
        spikes = neurons >= threshold
        neurons.copy_(torch.where(spikes, neurons - reset, neurons))
        emitted.append(spikes.flatten() * amplitude)
    return from_frames(torch.stack(emitted).to(v.dtype))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _advance(incoming, projection, layout, v, constant, tables, leak, out):  # type: ignore[no-untyped-def]
    flags = np.zeros(-(-layout.length // _WORD) * _WORD, np.uint8)
    words = flags.view(np.uint64)
    found = 0
    for t in range(len(tables.thresholds)):
        if leak != 1:
            for i in range(len(v)):
                v[i] *= leak
        scatter(incoming.where, incoming.amount, incoming.bounds[t], incoming.bounds[t + 1], projection, v)
        for row in range(layout.rows):
            at, before = layout.first + row * layout.pitch, row * layout.length
            u, held = v[at : at + layout.length], constant[before : before + layout.length]
            _compare(u, held, tables.shares[t], tables.thresholds[t], tables.resets[t], flags)
            found = _list(words, flags, before, out.where, found)
        out.amount[out.bounds[t] : found] = tables.amplitudes[t]
        out.bounds[t + 1] = found


@numba.njit(inline="always")
def _compare(u, held, share, threshold, reset, flags):  # type: ignore[no-untyped-def]
    """One step of a row of neurons; without a branch, so that it runs at vector speed."""
    for i in range(len(u)):
        x = u[i] + share * held[i]
        fires = x >= threshold
        u[i] = x - reset if fires else x
        flags[i] = 1 if fires else 0


@numba.njit(inline="always")
def _list(words, flags, before, where, found):  # type: ignore[no-untyped-def]
    """The neurons that fired, eight at a time: mostly none of them has."""
    for word in range(len(words)):
        if words[word] != 0:
            for i in range(_WORD * word, _WORD * word + _WORD):
                where[found] = before + i
                found += flags[i]
    return found
