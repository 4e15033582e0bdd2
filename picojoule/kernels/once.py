"""A population of neurons that fire once, against a threshold that only falls: each is looked at when it matters.

::

    U ← U + Σ w·(events of step t) + share(t)·constant        s* = min { t : U ≥ θ(t) },  then U ← −∞

Between two arrivals a potential stays and the threshold falls, so when a neuron fires follows from its potential alone,
at any time before something else arrives at it. So a block of neurons is looked at just before something arrives in it,
and once in the end; steps in which nothing happens to it cost nothing. The outcome is that of looking at every neuron
in every step, since each potential is added up in the same order.

The least it must move: the weights and membranes of every event's runs, as in :mod:`picojoule.kernels.advance`, and 12
bytes a neuron, once.
"""

from __future__ import annotations

from functools import lru_cache

import numba
import numpy as np

from picojoule.kernels.advance import Layout
from picojoule.kernels.listing import CHUNK, WORD, list_set, lowest
from picojoule.kernels.projection import NOWHERE, Projection, Stream, scatter
from picojoule.kernels.scan import Tables
from picojoule.kernels.staircase import Table, find_step


def fire_once(
    incoming: tuple[Stream, ...],
    lags: tuple[int, ...],
    projections: tuple[Projection, ...],
    layout: Layout,
    samples: int,
    constant: np.ndarray,
    tables: Tables,
    staircase: Table,
) -> Stream:
    """Run the neurons over their whole window.

    Args:
        incoming: what is sent to them, from each branch, in the time of its sender.
        lags: for each branch, steps from the opening of the sender's window to that of these neurons; what was sent
            before is there at their first step.
        projections: where it lands.
        layout: where the neurons are among the membranes.
        samples: how many.
        constant: ``[samples or 1, neurons]``, what enters in the shares of `tables`; potentials have its number type.
        tables: thresholds, which do not rise, amplitudes and shares of every step.
        staircase: the same thresholds and amplitudes as a table.

    Returns:
        What the neurons emit.
    """
    neurons = layout.rows * layout.length
    out = Stream.room(samples, len(tables.thresholds), samples * neurons, constant.dtype)
    if not incoming:
        incoming, lags, projections = (Stream.room(samples, 1, 0, constant.dtype),), (0,), (NOWHERE,)
    sources = incoming, np.asarray(lags), projections
    _fire_once(*sources, layout, _membranes(layout, constant.dtype), constant, tables, staircase, out)
    return out.trimmed()


@lru_cache(maxsize=256)
def _membranes(layout: Layout, dtype: np.dtype) -> np.ndarray:
    """The potentials before the first step in whole blocks; −∞ in the margins, which therefore never fire."""
    membranes = np.full(-(-layout.size // CHUNK) * CHUNK, -np.inf, dtype)
    for row in range(layout.rows):
        first = layout.first + row * layout.pitch
        membranes[first : first + layout.length] = 0
    return membranes


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _fire_once(incoming, lags, projections, layout, before, constant, tables, staircase, out):  # type: ignore[no-untyped-def]
    steps, blocks, neurons = len(tables.thresholds), len(before) // CHUNK, layout.rows * layout.length
    v = np.empty_like(before)
    touched, since = np.zeros(-(-blocks // CHUNK) * CHUNK, np.uint8), np.empty(blocks, np.int32)
    due, fired, times = np.empty(blocks + WORD, np.int32), np.empty(neurons, np.int32), np.empty(neurons, np.int32)
    total = 0
    for b in range(len(out.bounds)):
        v[:] = before
        since[:] = 0
        found = 0
        for t in range(_settled(incoming, lags, tables.shares, b) + 1):
            if t > 0:
                _touch(incoming, lags, projections, b, t, touched)
                if tables.shares[t] != 0:
                    touched[:blocks] = 1
                looks = list_set(touched.view(np.uint64), 0, due, 0)
                for k in range(looks):
                    found = _look(v, due[k], t - 1, tables.thresholds, since, staircase, fired, times, found)
                    since[due[k]] = t
                    touched[due[k]] = 0
            for k in range(len(incoming)):
                start, stop = _sent(incoming[k], lags[k], b, t)
                scatter(incoming[k].where, incoming[k].amount, start, stop, projections[k], v)
            if tables.shares[t] != 0:
                _hold(v, constant[b % len(constant)], layout, tables.shares[t])
        for block in range(blocks):
            found = _look(v, block, steps - 1, tables.thresholds, since, staircase, fired, times, found)
        total = _in_order(fired, times, found, layout, staircase, out, b, total)


@numba.njit(inline="always")
def _settled(incoming, lags, shares, b):  # type: ignore[no-untyped-def]
    """The last step at which something enters; 0 if nothing does after the first."""
    last = 0
    for t in range(1, len(shares)):
        if shares[t] != 0:
            last = t
    for k in range(len(incoming)):
        bounds = incoming[k].bounds
        for t in range(bounds.shape[1] - 2, lags[k] + last, -1):
            if bounds[b, t + 1] > bounds[b, t]:
                last = t - lags[k]
                break
    return min(last, len(shares) - 1)


@numba.njit(inline="always")
def _sent(stream, lag, b, t):  # type: ignore[no-untyped-def]
    """The first of the events that arrive at step t, and the first behind them."""
    sent = stream.bounds.shape[1] - 1
    return stream.bounds[b, min(t + lag, sent) if t else 0], stream.bounds[b, min(t + lag + 1, sent)]


@numba.njit(inline="always")
def _touch(incoming, lags, projections, b, t, touched):  # type: ignore[no-untyped-def]
    """Flag the blocks in which something arrives at step t."""
    for k in range(len(incoming)):
        projection, where = projections[k], incoming[k].where
        start, stop = _sent(incoming[k], lags[k], b, t)
        for e in range(start, stop):
            p = where[e] // projection.channels
            phase, shift = projection.phase[p], projection.shift[where[e] - p * projection.channels]
            last = projection.length[phase] - 1
            for run in range(projection.bounds[phase], projection.bounds[phase + 1]):
                to = projection.target[p] + shift + projection.offset[run]
                for block in range(to // CHUNK, (to + last) // CHUNK + 1):
                    touched[block] = 1


@numba.njit(inline="always")
def _hold(v, held, layout, share):  # type: ignore[no-untyped-def]
    """v += share·held, for the neurons."""
    for row in range(layout.rows):
        first, begin = layout.first + row * layout.pitch, row * layout.length
        u, c = v[first : first + layout.length], held[begin : begin + layout.length]
        for i in range(len(u)):
            u[i] += share * c[i]


@numba.njit(inline="always")
def _look(v, block, until, thresholds, since, staircase, fired, times, found):  # type: ignore[no-untyped-def]
    """The neurons of a block that fire up to a step, behind those found so far: their membranes, and when."""
    limit, first, reach = thresholds[until], np.uint64(block) * np.uint64(CHUNK), np.int32(0)
    for i in range(np.uint64(CHUNK)):
        reach += np.int32(1) if v[first + i] >= limit else np.int32(0)
    if reach == 0:
        return found
    bits = np.uint64(0)
    for i in range(np.uint64(CHUNK)):
        bits |= np.uint64(v[first + i] >= limit) << i
    while bits != 0:
        at = first + np.uint64(lowest(bits))
        fired[found] = at
        times[found] = max(find_step(v[at], staircase.levels, staircase.lookup), since[block])
        v[at] = -np.inf
        bits &= bits - np.uint64(1)
        found += 1
    return found


@numba.njit(inline="always")
def _in_order(fired, times, found, layout, staircase, out, b, total):  # type: ignore[no-untyped-def]
    """The events of a sample in the order of their steps (a counting sort), behind those of the samples before."""
    bounds = out.bounds[b]
    bounds[:] = 0
    for j in range(found):
        bounds[times[j] + 1] += 1
    for t in range(len(bounds)):
        number = bounds[t]
        bounds[t] = total  # where the events of step t − 1 begin, for now
        total += number
    for j in range(found):
        k = times[j]
        at = bounds[k + 1]
        row = (fired[j] - layout.first) // layout.pitch
        out.where[at] = fired[j] - layout.first - row * (layout.pitch - layout.length)
        out.amount[at] = staircase.values[k]
        bounds[k + 1] = at + 1
    return total
