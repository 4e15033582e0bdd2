"""The third tier: an event heap. Reads go before programs and erases and may suspend them; channels serve who is ready.

An array holds one operation. A command goes over the channel first, with the page of a program; then the array works;
then a page that was read waits for the channel. Each array has two queues, the hurried one first; each channel has one.
Events are

    ADMIT r    a request gets its place in the queue         ISSUE r   its operations may begin
    START u    array u looks for work                        DONE r    the request is over
    ARRAY u    array u is done, or suspended                 BUS c     the transfer on channel c is over
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from picojoule.sim.heap import empty, pop, push
from picojoule.sim.outcome import Outcome
from picojoule.sim.ssd.device import Device
from picojoule.sim.ssd.operations import CHAINED, KEY, KIND, LEVEL, REQUEST, UNIT, Chunk, Operations
from picojoule.sim.ssd.requests import Requests
from picojoule.sim.ssd.work import (
    ADMITTED,
    ANSWER,
    ARRAY,
    ARRIVAL,
    BUS,
    FINISHED,
    FIRST,
    HURRY,
    OPEN,
    PAGES,
    SENDS,
    SUSPENDABLE,
    WRITES,
    Work,
    finish,
    prepare,
)

_ADMIT, _ISSUE, _START_WORK, _ARRAY_DONE, _BUS_DONE, _DONE = range(6)
_NONE, _SUSPENDING = -1, -2

_READ, _AFTER, _JOINED, _NEXT_JOINED, START, END = range(6, 12)
"""Columns of an operation after those of its table: whether its page is read and has only to be sent, the next one in
its queue, the first one that joined it, the next one that joined the same; when its array or its transfer first began
(−1: it joined another and was not done itself), and when it was over."""
_RUNNING, _HEAD, _TAIL, _DUE, _SUSPENDED, _LEFT, _REGISTER, _HURRIED_HEAD, _HURRIED_TAIL = range(9)
"""Columns of an array or a channel: the operation it runs and its queue; then only of an array: when its work is due
(−1: not at work), the suspended operation and what is left of it, the one in the cache register, the hurried queue."""
_LINK_FREE, _NEXT_REQUEST = range(2)


class Sim(NamedTuple):
    """The state: `server` has the arrays, then the channels; `reading` the active read of each translation page."""

    work: Work
    operation: NDArray[np.int64]
    server: NDArray[np.int64]
    reading: NDArray[np.int64]
    host: NDArray[np.int64]


def run(device: Device, requests: Requests, chunks: Iterable[Chunk], queue_depth: int) -> Outcome:
    """Time the operations event by event."""
    sim = simulate(device, requests, np.concatenate([table.copy() for _, _, table in chunks]), queue_depth)
    return finish(device, requests, sim.work, "events")


def simulate(device: Device, requests: Requests, operations: Operations, queue_depth: int) -> Sim:
    """The whole state at the end, with the time of each operation."""
    work = prepare(device, requests, queue_depth)
    work.request[:, FIRST] = np.searchsorted(operations[:, REQUEST], np.arange(len(work.request)))
    nothing = np.full((len(operations), 5), _NONE, np.int64)
    unread = np.zeros((len(operations), 1), np.int64)
    sim = Sim(
        work=work,
        operation=np.hstack((operations.astype(np.int64), unread, nothing)),
        server=np.full((device.units + device.channels, 9), _NONE, np.int64),
        reading=np.full(work.fixed.keys, _NONE, np.int64),
        host=np.array([0, queue_depth], np.int64),
    )
    # an operation asks for work and is over, may suspend another, and is freed: not more than four events each
    room = 4 * len(operations) + 2 * (len(sim.server) + len(requests))
    _run(sim, empty(room))
    return sim


@numba.njit(inline="always")
def _over_the_link(sim, time, r):  # type: ignore[no-untyped-def]
    """When a request's pages have passed the host's link."""
    sent = sim.work.request[r, PAGES] * sim.work.fixed.link
    sim.host[_LINK_FREE] = max(sim.host[_LINK_FREE], time) + sent
    sim.work.busy[-1] += sent
    return sim.host[_LINK_FREE]


@numba.njit(inline="always")
def _issue(heap, sim, time, r):  # type: ignore[no-untyped-def]
    """A request's operations go to their queues, those that follow another one later."""
    request, operation = sim.work.request, sim.operation
    request[r, OPEN] = 1
    for i in range(request[r, FIRST], request[r + 1, FIRST]):
        request[r, OPEN] += sim.work.kind[operation[i, KIND], ANSWER]
    for i in range(request[r, FIRST], request[r + 1, FIRST]):
        if not operation[i, CHAINED]:
            _enqueue(heap, sim, time, i)
    return _answer(heap, sim, time + request[r, PAGES] * sim.work.fixed.dram, r)


@numba.njit(cache=True, nogil=True)
def _answer(heap, sim, time, r):  # type: ignore[no-untyped-def]
    """One of the things that a request waits for is there at `time`."""
    request = sim.work.request
    request[r, OPEN] -= 1
    request[r, FINISHED] = max(request[r, FINISHED], time)
    if request[r, OPEN] == 0:
        end = request[r, FINISHED]
        push(heap, end if request[r, WRITES] else _over_the_link(sim, end, r), _DONE + 6 * r)


@numba.njit(cache=True, nogil=True)
def _enqueue(heap, sim, time, i):  # type: ignore[no-untyped-def]
    """An operation goes to its array's queue, joins the same read of a translation page, or suspends what is there."""
    operation, server = sim.operation, sim.server
    kind, u, key = operation[i, KIND], operation[i, UNIT], operation[i, KEY]
    if key >= 0:
        leader = sim.reading[key]
        if leader != _NONE:
            operation[i, _NEXT_JOINED] = operation[leader, _JOINED]
            operation[leader, _JOINED] = i
            return
        sim.reading[key] = i
    hurries = sim.work.kind[kind, HURRY]
    _append(sim, u, _HURRIED_HEAD if hurries else _HEAD, i)
    now = server[u, _RUNNING]
    if now == _NONE:
        return push(heap, time, _START_WORK + 6 * u)
    if hurries and now >= 0 and server[u, _SUSPENDED] == _NONE and sim.work.kind[operation[now, KIND], SUSPENDABLE]:
        free = time + sim.work.fixed.suspend
        if server[u, _DUE] > free:
            server[u, _SUSPENDED], server[u, _LEFT] = now, server[u, _DUE] - time
            server[u, _RUNNING], server[u, _DUE] = _SUSPENDING, free
            push(heap, free, _ARRAY_DONE + 6 * u)


@numba.njit(inline="always")
def _append(sim, s, head, i):  # type: ignore[no-untyped-def]
    """Put an operation at the end of a server's queue; the column of its tail follows that of its head."""
    sim.operation[i, _AFTER] = _NONE
    if sim.server[s, head] == _NONE:
        sim.server[s, head] = i
    else:
        sim.operation[sim.server[s, head + 1], _AFTER] = i
    sim.server[s, head + 1] = i


@numba.njit(inline="always")
def _start(heap, sim, time, u):  # type: ignore[no-untyped-def]
    """A free array takes the next operation: a hurried one, else the suspended one, else another."""
    unit = sim.server[u]
    if unit[_RUNNING] != _NONE:
        return
    head = _HEAD if unit[_HURRIED_HEAD] == _NONE else _HURRIED_HEAD
    if head == _HEAD and unit[_SUSPENDED] != _NONE:
        unit[_RUNNING], unit[_DUE], unit[_SUSPENDED] = unit[_SUSPENDED], time + unit[_LEFT], _NONE
        return push(heap, unit[_DUE], _ARRAY_DONE + 6 * u)
    i = unit[head]
    if i == _NONE:
        return
    unit[head] = sim.operation[i, _AFTER]
    unit[_RUNNING] = i
    kind = sim.work.kind[sim.operation[i, KIND]]
    if sim.work.fixed.call or (kind[SENDS] and kind[BUS]):
        return _ask_channel(heap, sim, time, i)
    return _work_in_array(heap, sim, time, i)


@numba.njit(inline="always")
def _work_in_array(heap, sim, time, i):  # type: ignore[no-untyped-def]
    u = sim.operation[i, UNIT]
    length = sim.work.kind[sim.operation[i, KIND], ARRAY + sim.operation[i, LEVEL]]
    if sim.operation[i, START] < 0:
        sim.operation[i, START] = time
    sim.work.busy[u] += length
    sim.work.done[sim.operation[i, KIND]] += 1
    sim.server[u, _DUE] = time + length
    return push(heap, time + length, _ARRAY_DONE + 6 * u)


@numba.njit(cache=True, nogil=True)
def _ask_channel(heap, sim, time, i):  # type: ignore[no-untyped-def]
    c = sim.work.fixed.units + sim.operation[i, UNIT] % sim.work.fixed.channels
    if sim.server[c, _RUNNING] == _NONE:
        return _send(heap, sim, time, c, i)
    _append(sim, c, _HEAD, i)


@numba.njit(inline="always")
def _send(heap, sim, time, c, i):  # type: ignore[no-untyped-def]
    """The channel takes an operation: a page that was read, or else a command, with the page of a program."""
    kind = sim.work.kind[sim.operation[i, KIND]]
    length = kind[BUS] if sim.operation[i, _READ] else sim.work.fixed.call + kind[BUS] * kind[SENDS]
    if sim.operation[i, START] < 0:
        sim.operation[i, START] = time
    sim.server[c, _RUNNING] = i
    sim.work.busy[c] += length
    return push(heap, time + length, _BUS_DONE + 6 * c)


@numba.njit(inline="always")
def _array_done(heap, sim, time, u):  # type: ignore[no-untyped-def]
    i = sim.server[u, _RUNNING]
    if sim.server[u, _DUE] != time:
        return  # of work that was suspended since
    sim.server[u, _DUE] = _NONE
    if i != _SUSPENDING:
        kind = sim.work.kind[sim.operation[i, KIND]]
        if kind[BUS] and not kind[SENDS]:
            sim.operation[i, _READ] = True
            return _leave(heap, sim, time, u) if sim.work.fixed.register else _ask_channel(heap, sim, time, i)
        _end(heap, sim, time, i)
    return _free(heap, sim, time, u)


@numba.njit(inline="always")
def _free(heap, sim, time, u):  # type: ignore[no-untyped-def]
    """An array has nothing more to do for its operation; it looks for work when all that happens now has happened."""
    sim.server[u, _RUNNING] = _NONE
    return push(heap, time, _START_WORK + 6 * u)


@numba.njit(cache=True, nogil=True)
def _leave(heap, sim, time, u):  # type: ignore[no-untyped-def]
    """A page that was read moves to the cache register if that is free; until then it keeps the array."""
    if sim.server[u, _REGISTER] == _NONE:
        i = sim.server[u, _REGISTER] = sim.server[u, _RUNNING]
        _ask_channel(heap, sim, time, i)
        _free(heap, sim, time, u)


@numba.njit(inline="always")
def _bus_done(heap, sim, time, c):  # type: ignore[no-untyped-def]
    i, waiting = sim.server[c, _RUNNING], sim.server[c, _HEAD]
    sim.server[c, _RUNNING] = _NONE
    if waiting != _NONE:
        sim.server[c, _HEAD] = sim.operation[waiting, _AFTER]
        _send(heap, sim, time, c, waiting)
    if not sim.operation[i, _READ]:
        return _work_in_array(heap, sim, time, i)
    _end(heap, sim, time, i)
    u = sim.operation[i, UNIT]
    if not sim.work.fixed.register:
        return _free(heap, sim, time, u)
    sim.server[u, _REGISTER] = _NONE
    now = sim.server[u, _RUNNING]
    if now >= 0 and sim.operation[now, _READ]:
        _leave(heap, sim, time, u)


@numba.njit(cache=True, nogil=True)
def _end(heap, sim, time, i):  # type: ignore[no-untyped-def]
    """An operation is over, and with it those that joined it; what follows each of them may begin."""
    operation = sim.operation
    key = operation[i, KEY]
    if key >= 0:
        sim.reading[key] = _NONE
    following = operation[i, _JOINED]
    while i != _NONE:
        operation[i, END] = time
        r = operation[i, REQUEST]
        if sim.work.kind[operation[i, KIND], ANSWER]:
            _answer(heap, sim, time, r)
        if i + 1 < sim.work.request[r + 1, FIRST] and operation[i + 1, CHAINED]:
            _enqueue(heap, sim, time, i + 1)
        i = following
        following = operation[i, _NEXT_JOINED] if i != _NONE else _NONE


@numba.njit(cache=True, nogil=True)
def _run(sim, heap):  # type: ignore[no-untyped-def]
    request = sim.work.request
    for r in range(sim.work.fixed.depth):
        push(heap, request[r, ARRIVAL], _ADMIT + 6 * r)
    time = 0
    while heap.size[0]:
        time, code = pop(heap)
        what, number = code % 6, code // 6
        if what == _ADMIT:
            request[number, ADMITTED] = time
            ready = time + sim.work.fixed.command
            ready = _over_the_link(sim, ready, number) if request[number, WRITES] else ready
            push(heap, ready, _ISSUE + 6 * number)
        elif what == _ISSUE:
            _issue(heap, sim, time, number)
        elif what == _START_WORK:
            _start(heap, sim, time, number)
        elif what == _ARRAY_DONE:
            _array_done(heap, sim, time, number)
        elif what == _BUS_DONE:
            _bus_done(heap, sim, time, number)
        else:
            request[number, FINISHED] = time
            r = sim.host[_NEXT_REQUEST]
            if r < len(request) - 1:
                sim.host[_NEXT_REQUEST] += 1
                push(heap, max(time, request[r, ARRIVAL]), _ADMIT + 6 * r)
    sim.work.last[0] = time
