"""The flash translation layer: where each page of the host lies, and which flash operations a request becomes.

Page mapping in each plane. A write takes the next page of the plane's open block. When free blocks have fallen to the
reserve, each written page lets the greedy collector empty one block: the one with the fewest valid pages, of several
the least erased. Its valid pages move to the open block and it is erased. The order of requests alone decides all of
this, never their timing; so one table of operations can be timed in several ways.

What happens for every page is inlined: a call would count the references of all arrays of the state.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from picojoule.sim.ssd import cache as caches
from picojoule.sim.ssd.cache import Cache
from picojoule.sim.ssd.device import Device
from picojoule.sim.ssd.operations import (
    CHAINED,
    COPY_PROGRAM,
    COPY_READ,
    ERASE,
    KEY,
    KIND,
    LEVEL,
    MAP_PROGRAM,
    MAP_READ,
    PROGRAM,
    READ,
    REQUEST,
    UNIT,
)

CLOSED = 1 << 20
"""Added to the valid pages of blocks that are open or free: they are not collected."""
_HEAD, _FREE, _OPEN, _NEXT = range(4)


class Facts(NamedTuple):
    """What the translation layer knows of the device."""

    planes: int
    units: int
    blocks: int
    pages: int
    logical: int
    reserve: int
    wear_gap: int
    levels: int
    fetch: int
    entries: int

    @staticmethod
    def of(device: Device) -> Facts:
        """The facts of a device."""
        return Facts(
            planes=device.all_planes,
            units=device.units,
            blocks=device.blocks,
            pages=device.pages,
            logical=device.logical_pages_of_plane,
            reserve=device.reserve,
            wear_gap=device.wear_gap,
            levels=device.timing.array.shape[1],
            fetch=device.mapping_fetch,
            entries=device.entries_of_translation_page,
        )


class State(NamedTuple):
    """Everything a drive remembers.

    Attributes:
        place: physical page of each logical page of a plane, −1 if never written ``[planes, logical]``.
        holds: logical page in each physical page, −1 if none or no longer valid ``[planes, blocks · pages]``.
        valid: valid pages of each block, `CLOSED` more while it is open or free ``[planes, blocks]``.
        erased: how often each block was erased ``[planes, blocks]``.
        free: a ring of free blocks ``[planes, blocks]``.
        plane: head and length of that ring, open block, its next page ``[planes, 4]``.
        content: number of the write whose data a physical page has, for proofs; empty if not kept
            ``[planes, blocks · pages]``.
        pages, mapping: the write-back cache and the cached mapping table.
    """

    place: NDArray[np.int32]
    holds: NDArray[np.int32]
    valid: NDArray[np.int32]
    erased: NDArray[np.int32]
    free: NDArray[np.int32]
    plane: NDArray[np.int32]
    content: NDArray[np.int64]
    pages: Cache
    mapping: Cache

    def copy(self) -> State:
        """The same state in arrays of its own."""
        return State(*(each.copy() for each in self))


def empty(device: Device, *, content: bool = False) -> State:
    """A drive as it leaves the factory; block 0 of each plane is open.

    Args:
        device: its table.
        content: remember which write a page is from.
    """
    planes, blocks, physical = device.all_planes, device.blocks, device.blocks * device.pages
    ring = np.tile((np.arange(blocks, dtype=np.int32) + 1) % blocks, (planes, 1))
    return State(
        place=np.full((planes, device.logical_pages_of_plane), -1, np.int32),
        holds=np.full((planes, physical), -1, np.int32),
        valid=np.full((planes, blocks), CLOSED, np.int32),
        erased=np.zeros((planes, blocks), np.int32),
        free=ring,
        plane=np.tile(np.array([0, blocks - 1, 0, 0], np.int32), (planes, 1)),
        content=np.full((planes, physical) if content else (0, 0), -1, np.int64),
        pages=caches.empty(device.cache_bytes // device.page_bytes),
        mapping=caches.empty(device.mapping_bytes // (device.mapping_entry_bytes * device.mapping_fetch)),
    )


def rows_of_a_page(facts: Facts) -> int:
    """The most operations that one page of a request can become: two collected blocks and the mapping's own."""
    return 2 * (2 * facts.pages + 1) + 10


@numba.njit(inline="always")
def _emit(out, found, request, kind, unit, level, key, chained):  # type: ignore[no-untyped-def]
    out[found, REQUEST], out[found, KIND], out[found, UNIT] = request, kind, unit
    out[found, LEVEL], out[found, KEY], out[found, CHAINED] = level, key, chained
    return found + 1


@numba.njit(inline="always")
def _read(state, facts, out, found, request, at):  # type: ignore[no-untyped-def]
    if len(state.pages):
        hit, evicted = caches.touch(state.pages, at, False)
        if evicted >= 0:
            found = _program(state, facts, out, found, request, evicted, request)
        if hit:
            return found
    plane = at % facts.planes
    physical = state.place[plane, at // facts.planes]
    if physical < 0:
        return found
    found, missed = _look_up(state, facts, out, found, request, at, False)
    level = _level(facts, physical % facts.pages)
    return _emit(out, found, request, READ, plane % facts.units, level, -1, missed)


@numba.njit(inline="always")
def _write(state, facts, out, found, request, at):  # type: ignore[no-untyped-def]
    if len(state.pages) == 0:
        return _program(state, facts, out, found, request, at, request)
    _, evicted = caches.touch(state.pages, at, True)
    if evicted >= 0:
        found = _program(state, facts, out, found, request, evicted, request)
    return found


@numba.njit(inline="always")
def _look_up(state, facts, out, found, request, at, changes):  # type: ignore[no-untyped-def]
    """Bring the mapping entry of a page into the cached table; True if it had to be read."""
    if len(state.mapping) == 0:
        return found, False
    hit, evicted = caches.touch(state.mapping, at // facts.fetch, changes)
    if evicted >= 0:
        old = evicted * facts.fetch // facts.entries
        found = _emit(out, found, request, MAP_READ, old % facts.units, 0, old, False)
        found = _emit(out, found, request, MAP_PROGRAM, old % facts.units, 0, -1, True)
    if hit:
        return found, False
    translation = at // facts.entries
    return _emit(out, found, request, MAP_READ, translation % facts.units, 0, translation, False), True


@numba.njit(inline="always")
def _program(state, facts, out, found, request, at, stamp):  # type: ignore[no-untyped-def]
    """A page of the host to flash, with the garbage collection that it has to wait for."""
    plane, logical = at % facts.planes, at // facts.planes
    if state.plane[plane, _FREE] <= facts.reserve:
        found = _collect(state, facts, out, found, request, plane)
    found, missed = _look_up(state, facts, out, found, request, at, True)
    old = state.place[plane, logical]
    if old >= 0:
        state.holds[plane, old] = -1
        state.valid[plane, old // facts.pages] -= 1
    now, free, valid = state.plane[plane], state.free[plane], state.valid[plane]
    physical = _append(facts, now, free, valid, state.place[plane], state.holds[plane], logical)
    if state.content.size:
        state.content[plane, physical] = stamp
    return _emit(out, found, request, PROGRAM, plane % facts.units, _level(facts, now[_NEXT] - 1), -1, missed)


@numba.njit(inline="always")
def _level(facts, page):  # type: ignore[no-untyped-def]
    """The column of a page's times. A remainder costs more than all else that is done for a page; most need none."""
    return page % facts.levels if facts.levels > 1 else 0


@numba.njit(inline="always")
def _append(facts, now, free, valid, place, holds, logical):  # type: ignore[no-untyped-def]
    """Give a logical page the next page of the open block; the physical page. The arrays are those of the plane: taking
    them out of the state counts references, which must not happen for every page."""
    if now[_NEXT] == facts.pages:
        valid[now[_OPEN]] -= CLOSED
        now[_OPEN] = free[now[_HEAD]]
        now[_HEAD] = (now[_HEAD] + 1) % facts.blocks
        now[_FREE] -= 1
        now[_NEXT] = 0
    block = now[_OPEN]
    physical = block * facts.pages + now[_NEXT]
    now[_NEXT] += 1
    valid[block] += 1
    place[logical] = physical
    holds[physical] = logical
    return physical


@numba.njit(cache=True, nogil=True)
def _collect(state, facts, out, found, request, plane):  # type: ignore[no-untyped-def]
    """Empty the block with the fewest valid pages, and a cold one where wear has drifted apart."""
    victim = _victim(state.valid[plane], state.erased[plane])
    if state.valid[plane, victim] >= facts.pages:
        return found  # nothing to gain: no block has an invalid page
    found = _empty_block(state, facts, out, found, request, plane, victim)
    if facts.wear_gap:
        cold = _coldest(state.valid[plane], state.erased[plane])
        if state.erased[plane, victim] - state.erased[plane, cold] > facts.wear_gap and state.plane[plane, _FREE] > 1:
            found = _empty_block(state, facts, out, found, request, plane, cold)
    return found


@numba.njit(cache=True, nogil=True)
def _victim(valid, erased):  # type: ignore[no-untyped-def]
    least = valid[0]
    for count in valid:
        least = min(least, count)
    chosen = -1
    for block in range(len(valid)):
        if valid[block] == least and (chosen < 0 or erased[block] < erased[chosen]):
            chosen = block
    return chosen


@numba.njit(cache=True, nogil=True)
def _coldest(valid, erased):  # type: ignore[no-untyped-def]
    """The least erased block that is neither open nor free; one that is where there is no other."""
    chosen = -1
    for block in range(len(valid)):
        if valid[block] < CLOSED and (chosen < 0 or erased[block] < erased[chosen]):
            chosen = block
    return max(chosen, 0)


@numba.njit(cache=True, nogil=True)
def _empty_block(state, facts, out, found, request, plane, block):  # type: ignore[no-untyped-def]
    """Move a block's valid pages to the open block, erase it, and put it at the end of the ring of free ones."""
    unit, first = plane % facts.units, block * facts.pages
    now, free, valid = state.plane[plane], state.free[plane], state.valid[plane]
    place, holds, keeps = state.place[plane], state.holds[plane], state.content.size > 0
    for page in range(facts.pages):
        logical = holds[first + page]
        if logical < 0:
            continue
        physical = _append(facts, now, free, valid, place, holds, logical)
        if keeps:
            state.content[plane, physical] = state.content[plane, first + page]
        holds[first + page] = -1
        found = _emit(out, found, request, COPY_READ, unit, _level(facts, page), -1, False)
        found = _emit(out, found, request, COPY_PROGRAM, unit, _level(facts, now[_NEXT] - 1), -1, False)
    valid[block] = CLOSED
    state.erased[plane, block] += 1
    free[(now[_HEAD] + now[_FREE]) % facts.blocks] = block
    now[_FREE] += 1
    return _emit(out, found, request, ERASE, unit, 0, -1, False)


@numba.njit(cache=True, nogil=True)
def translate(state, facts, page, pages, writes, begin, out, most):  # type: ignore[no-untyped-def]
    """Requests into operations, from number `begin` on, as far as `out` has room for `most` rows a page.

    Returns:
        The first request that was not done, and how many operations there are.
    """
    found = np.int64(0)
    for request in range(begin, len(page)):
        if found + most * pages[request] > len(out):
            return request, found
        for at in range(page[request], page[request] + pages[request]):
            if writes[request]:
                found = _write(state, facts, out, found, request, at)
            else:
                found = _read(state, facts, out, found, request, at)
    return len(page), found
