"""The second tier: a max-plus recursion. Everything is served in the order of the table, so no events are needed.

::

    read      r = max(t, array) + t_R      e = max(r, channel) + t_X      channel = array = e
    program   x = max(t, channel, array) + t_X      channel = x      e = x + t_PROG      array = e
    erase     e = max(t, array) + t_ERASE      array = e

With a cache register a read leaves the array at m = max(r, register), and the register is taken until e.
"""

from __future__ import annotations

from collections.abc import Iterable

import numba
import numpy as np
from numpy.typing import NDArray

from picojoule.sim.outcome import Outcome
from picojoule.sim.ssd.device import Device
from picojoule.sim.ssd.operations import CHAINED, KEY, KIND, LEVEL, REQUEST, UNIT, Chunk
from picojoule.sim.ssd.requests import Requests
from picojoule.sim.ssd.work import (
    ADMITTED,
    ANSWER,
    ARRAY,
    ARRIVAL,
    BUS,
    FINISHED,
    PAGES,
    SENDS,
    WRITES,
    finish,
    prepare,
)


def reads(device: Device, unit: NDArray[np.int32]) -> NDArray[np.int64]:
    """When each of many page reads ends that are all there from the start.

    Args:
        device: its first kind of page is read; its cache register counts, its queue and host link do not.
        unit: the cell array of each ``[reads]``.

    Returns:
        Picoseconds ``[reads]``.
    """
    ends = np.empty(len(unit), np.int64)
    array, channel, register = (np.zeros(device.units, np.int64) for _ in range(3))
    timing = device.timing
    kernel = _reads_through_register if device.cache_register else _reads
    kernel(unit, device.channels, timing.array[0, 0], timing.bus[0], array, channel, register, ends)
    return ends


@numba.njit(cache=True, nogil=True)
def _reads(unit, channels, read, send, array, channel, register, finish):  # type: ignore[no-untyped-def]
    # remainders cost more than all the rest: the channel of each array is looked up
    lane = np.arange(len(array)) % channels
    for i in range(len(unit)):
        u = unit[i]
        c = lane[u]
        end = max(array[u] + read, channel[c]) + send
        channel[c] = array[u] = finish[i] = end


@numba.njit(cache=True, nogil=True)
def _reads_through_register(unit, channels, read, send, array, channel, register, finish):  # type: ignore[no-untyped-def]
    lane = np.arange(len(array)) % channels
    for i in range(len(unit)):
        u = unit[i]
        c = lane[u]
        moved = max(array[u] + read, register[u])
        array[u] = moved
        end = max(moved, channel[c]) + send
        channel[c] = register[u] = finish[i] = end


def run(device: Device, requests: Requests, chunks: Iterable[Chunk], queue_depth: int) -> Outcome:
    """Time the operations in the order of their tables, chunk by chunk: memory does not grow with their number."""
    work = prepare(device, requests, queue_depth)
    free = np.zeros(2 * device.units + device.channels + work.fixed.keys + 1, np.int64)
    slots = np.zeros(queue_depth, np.int64)
    for begin, end, table in chunks:
        _run(work, table, begin, end, free, slots)
    return finish(device, requests, work, "max-plus")


@numba.njit(cache=True, nogil=True)
def _run(work, table, r, last, free, slots):  # type: ignore[no-untyped-def]
    """Requests from r to before `last`, whose operations are the table. `free`: when arrays, cache registers, channels
    are free, when translation pages were last read, and when the host's link is free."""
    request, fixed, i = work.request, work.fixed, 0
    kinds, busy, done_by_kind, latest = work.kind, work.busy, work.done, work.last[0]
    lanes = np.arange(fixed.units) % fixed.channels  # a remainder costs more than the rest of an operation
    while r < last:
        writes, sent = request[r, WRITES], request[r, PAGES] * fixed.link
        request[r, ADMITTED] = max(request[r, ARRIVAL], slots[0])
        ready = request[r, ADMITTED] + fixed.command
        if writes:
            ready = free[-1] = max(ready, free[-1]) + sent
        done = ready + request[r, PAGES] * fixed.dram
        end = ready
        while i < len(table) and table[i, REQUEST] == r:
            end = _serve(fixed, lanes, kinds, busy, done_by_kind, table, i, free, end if table[i, CHAINED] else ready)
            if kinds[table[i, KIND], ANSWER]:
                done = max(done, end)
            latest = max(latest, end)
            i += 1
        if not writes:
            # pages pass the link as they come, not in the order of requests: its own time is a bound, not a queue
            free[-1] = max(ready, free[-1]) + sent
            done = max(done + sent, free[-1])
        request[r, FINISHED] = done
        busy[-1] += sent
        _replace_first(slots, done)
        r += 1
    work.last[0] = latest


@numba.njit(inline="always")
def _serve(fixed, lanes, kinds, busy, done, table, i, free, t):  # type: ignore[no-untyped-def]
    """One operation that may begin at t; when it is over."""
    kind, u, key = table[i, KIND], np.int64(table[i, UNIT]), table[i, KEY]
    units, call, lane = fixed.units, fixed.call, lanes[u]
    register, channel, page = units + u, 2 * units + lane, 2 * units + fixed.channels + key
    if key >= 0 and free[page] > t:
        return free[page]  # it joins the read that is under way
    send, length = kinds[kind, BUS], kinds[kind, ARRAY + table[i, LEVEL]]
    done[kind] += 1
    busy[u] += length
    busy[units + lane] += send + call
    if send and kinds[kind, SENDS]:
        free[channel] = max(t, free[channel], free[u]) + call + send
        end = free[u] = free[channel] + length
    else:
        # the command without its channel, which in this order would wait for pages that are not read yet
        end = free[u] = max(t, free[u]) + call + length
        if send:
            moved = max(end, free[register]) if fixed.register else end
            end = free[channel] = free[register] = max(moved, free[channel]) + send
            free[u] = moved if fixed.register else end
    if key >= 0:
        free[page] = end
    return end


@numba.njit(cache=True, nogil=True)
def _replace_first(slots, time):  # type: ignore[no-untyped-def]
    """The place that is free first is taken until `time`; the least stays first (a heap)."""
    i = 0
    while 2 * i + 1 < len(slots):
        child = 2 * i + 1
        if child + 1 < len(slots) and slots[child + 1] < slots[child]:
            child += 1
        if slots[child] >= time:
            break
        slots[i] = slots[child]
        i = child
    slots[i] = time
