"""A population of neurons that fire once, against a threshold that only falls: each is looked at when it matters.

::

    U ← U + Σ w·(events of step t) + share(t)·constant        s* = min { t : U ≥ θ(t) },  then U ← −∞

Between two arrivals a potential stays and the threshold falls, so when a neuron fires follows from its potential alone,
at any time before something else arrives at it. So neurons are looked at just before and just after something arrives,
and once in the end; steps in which nothing happens cost nothing. What has arrived when the window opens is one sum.

The least it must move: the weights and membranes of every event's runs, as in :mod:`picojoule.kernels.advance`, and 12
bytes a neuron, once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numba
import numpy as np

from picojoule.kernels.advance import Layout
from picojoule.kernels.listing import list_reaching, list_set
from picojoule.kernels.projection import NOWHERE, Projection, Stream, arrive, many, scatter
from picojoule.kernels.scan import Tables
from picojoule.kernels.staircase import Table, find_step
from picojoule.kernels.vectors import LANES

_BLOCK = 64
"""Membranes that are looked at together."""
_WIDELY = 8
"""From one block in so many on that events reach, it takes less to look at all blocks, and only once."""


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
    before, numbers = _membranes(layout, constant.dtype)
    room = _Room.of(before, neurons, projections)
    _fire_once(incoming, np.asarray(lags), projections, layout, before, numbers, constant, tables, staircase, out, room)
    return out.trimmed()


class _Room(NamedTuple):
    """What the kernel works in: it makes no arrays, so Numba need not count who holds them.

    Attributes:
        v: potentials, in whole blocks.
        fired, times: the neurons that fired, and when.
        flags, sums: what is there at the opening, value by value; 0 before and after.
        ordered: the values that are, in order.
        starts: where the events of a position begin.
    """

    v: np.ndarray
    fired: np.ndarray
    times: np.ndarray
    flags: np.ndarray
    sums: np.ndarray
    ordered: np.ndarray
    starts: np.ndarray

    @staticmethod
    def of(membranes: np.ndarray, neurons: int, projections: tuple[Projection, ...]) -> _Room:
        """Enough for so many neurons, and for the values of every source."""
        positions = max(len(each.target) for each in projections)
        values = max(len(each.target) * each.channels for each in projections)
        return _Room(
            v=np.empty_like(membranes),
            fired=np.empty(neurons + LANES, np.int32),
            times=np.empty(neurons, np.int32),
            flags=np.zeros(-(-values // LANES) * LANES, np.uint8),
            sums=np.zeros(values, membranes.dtype),
            ordered=np.empty(values + LANES, np.int32),
            starts=np.empty(positions + 1, np.int64),
        )


@lru_cache(maxsize=256)
def _membranes(layout: Layout, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """In whole blocks: the potentials before the first step, −∞ in the margins, which therefore never fire; and the
    number of each neuron."""
    membranes = np.full(-(-layout.size // _BLOCK) * _BLOCK, -np.inf, dtype)
    numbers = np.zeros(len(membranes), np.int32)
    for row in range(layout.rows):
        first = layout.first + row * layout.pitch
        membranes[first : first + layout.length] = 0
        numbers[first : first + layout.length] = np.arange(row * layout.length, (row + 1) * layout.length)
    return membranes, numbers


@numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _fire_once(incoming, lags, projections, layout, before, numbers, constant, tables, staircase, out, room):  # type: ignore[no-untyped-def]
    steps, thresholds, size, total = len(tables.thresholds), tables.thresholds, len(before) // _BLOCK, 0
    v, fired, times = room.v, room.fired, room.times
    for b in range(len(out.bounds)):
        for i in range(len(v)):
            v[i] = before[i]
        found, seen = 0, -1  # the neurons that fired; the step whose threshold all others are known to be below
        for t in range(_settled(incoming, lags, tables.shares, b) + 1):
            share, events, blocks = tables.shares[t], 0, 0.0
            for k in range(len(incoming)):
                start, stop = _sent(incoming[k], lags[k], b, t)
                if t == 0:
                    _open(incoming[k].where, incoming[k].amount, start, stop, projections[k], room)
                events += stop - start
                blocks += (stop - start) * _reach(projections[k])
            if t == 0 or (events == 0 and share == 0):
                if share != 0:
                    _hold(v, constant[b % len(constant)], layout, share)
                continue
            widely = share != 0 or _WIDELY * blocks > size
            there = incoming, lags, projections, b, t, widely
            if not widely or seen < t - 1:
                found = _look_around(there, v, thresholds[t - 1], 0, staircase, fired, times, found)
            for k in range(len(incoming)):
                start, stop = _sent(incoming[k], lags[k], b, t)
                scatter(incoming[k].where, incoming[k].amount, start, stop, projections[k], v)
            if share != 0:
                _hold(v, constant[b % len(constant)], layout, share)
            found = _look_around(there, v, thresholds[t], t, staircase, fired, times, found)
            seen = t if widely else seen
        found = _look(v, 0, size, thresholds[steps - 1], 0, staircase, fired, times, found)
        total = _in_order(fired, times, found, numbers, staircase, out, b, total)


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
def _open(where, amount, start, stop, projection, room):  # type: ignore[no-untyped-def]
    """v += Σ amount·weights over the events start … stop − 1; in the order of their places, where windows want that."""
    if not many(stop - start, projection):
        scatter(where, amount, start, stop, projection, room.v)
        return
    for e in range(start, stop):
        room.flags[where[e]] = 1
        room.sums[where[e]] += amount[e]
    found = list_set(room.flags, room.ordered, 0)
    for e in range(found):
        room.sums[e] = room.sums[room.ordered[e]]
    arrive(room.ordered, room.sums, 0, found, projection, room.starts, room.v)
    for e in range(found):
        room.flags[room.ordered[e]] = 0
    for e in range(len(room.sums)):
        room.sums[e] = 0


@numba.njit(inline="always")
def _reach(projection):  # type: ignore[no-untyped-def]
    """Blocks of membranes that an event reaches, about."""
    phases = len(projection.bounds) - 1
    return projection.bounds[phases] / phases * (1 + projection.length[0] // _BLOCK) if phases > 0 else 0.0


@numba.njit(inline="always")
def _hold(v, held, layout, share):  # type: ignore[no-untyped-def]
    """v += share·held, for the neurons."""
    for row in range(layout.rows):
        first, begin = layout.first + row * layout.pitch, row * layout.length
        u, c = v[first : first + layout.length], held[begin : begin + layout.length]
        for i in range(len(u)):
            u[i] += share * c[i]


@numba.njit(inline="always")
def _look_around(there, v, limit, now, staircase, fired, times, found):  # type: ignore[no-untyped-def]
    """:func:`_look` at the blocks in which something arrives at step t; at all of them, where that is less."""
    incoming, lags, projections, b, t, widely = there
    if widely:
        return _look(v, 0, len(v) // _BLOCK, limit, now, staircase, fired, times, found)
    for k in range(len(incoming)):
        projection, where = projections[k], incoming[k].where
        start, stop = _sent(incoming[k], lags[k], b, t)
        for e in range(start, stop):
            p = where[e] // projection.channels
            phase, shift = projection.phase[p], projection.shift[where[e] - p * projection.channels]
            last = projection.length[phase] - 1
            for run in range(projection.bounds[phase], projection.bounds[phase + 1]):
                to = projection.target[p] + shift + projection.offset[run]
                found = _look(v, to // _BLOCK, (to + last) // _BLOCK + 1, limit, now, staircase, fired, times, found)
    return found


@numba.njit(inline="always")
def _look(v, begin, end, limit, now, staircase, fired, times, found):  # type: ignore[no-untyped-def]
    """The neurons of some blocks that reach a threshold, behind those found so far: membranes, and when they fire.

    `now` is the step at which something has just arrived; 0: they fire when their potentials say.
    """
    before, found = found, list_reaching(v, begin * _BLOCK, end * _BLOCK, limit, fired, found)
    for j in range(np.uint64(before), np.uint64(found)):
        at = np.uint64(fired[j])
        times[j] = now if now > 0 else find_step(v[at], staircase.levels, staircase.lookup)
        v[at] = -np.inf
    return found


@numba.njit(inline="always")
def _in_order(fired, times, found, numbers, staircase, out, b, total):  # type: ignore[no-untyped-def]
    """The events of a sample in the order of their steps (a counting sort), behind those of the samples before."""
    bounds = out.bounds[b]
    for t in range(len(bounds)):
        bounds[t] = 0
    for j in range(found):
        bounds[times[j] + 1] += 1
    for t in range(len(bounds)):
        number = bounds[t]
        bounds[t] = total  # where the events of step t − 1 begin, for now
        total += number
    for j in range(found):
        k = times[j]
        at = bounds[k + 1]
        out.where[at] = numbers[fired[j]]
        out.amount[at] = staircase.values[k]
        bounds[k + 1] = at + 1
    return total
