"""Pending events in the order (time, number of their scheduling): a binary heap, compiled.

Of events at the same time the one that was scheduled first comes first, so a run has one order and no other.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray


class Heap(NamedTuple):
    """The pending events.

    Attributes:
        time, order, what: of each event; `what` belongs to the caller.
        size: how many are pending, and how many were ever scheduled ``[2]``.
    """

    time: NDArray[np.int64]
    order: NDArray[np.int64]
    what: NDArray[np.int64]
    size: NDArray[np.int64]


def empty(room: int) -> Heap:
    """No events, with room for as many as can ever be pending at a time; memory that is never used costs nothing."""
    return Heap(np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64), np.zeros(2, np.int64))


@numba.njit(inline="always")
def _before(heap, i, j):  # type: ignore[no-untyped-def]
    return heap.time[i] < heap.time[j] or (heap.time[i] == heap.time[j] and heap.order[i] < heap.order[j])


@numba.njit(inline="always")
def _swap(heap, i, j):  # type: ignore[no-untyped-def]
    heap.time[i], heap.time[j] = heap.time[j], heap.time[i]
    heap.order[i], heap.order[j] = heap.order[j], heap.order[i]
    heap.what[i], heap.what[j] = heap.what[j], heap.what[i]


@numba.njit(cache=True, nogil=True)
def push(heap, time, what):  # type: ignore[no-untyped-def]
    """Schedule an event. There must be room for it."""
    assert heap.size[0] < len(heap.time)
    i = heap.size[0]
    heap.time[i], heap.order[i], heap.what[i] = time, heap.size[1], what
    heap.size[0] += 1
    heap.size[1] += 1
    while i > 0 and _before(heap, i, (i - 1) // 2):
        _swap(heap, i, (i - 1) // 2)
        i = (i - 1) // 2


@numba.njit(cache=True, nogil=True)
def pop(heap):  # type: ignore[no-untyped-def]
    """Take the first event: its time and what it is. The heap must not be empty."""
    time, what = heap.time[0], heap.what[0]
    heap.size[0] -= 1
    last = heap.size[0]
    heap.time[0], heap.order[0], heap.what[0] = heap.time[last], heap.order[last], heap.what[last]
    i = 0
    while 2 * i + 1 < last:
        child = 2 * i + 1
        if child + 1 < last and _before(heap, child + 1, child):
            child += 1
        if not _before(heap, child, i):
            break
        _swap(heap, i, child)
        i = child
    return time, what
