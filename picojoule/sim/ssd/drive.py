"""A drive as a value: its table and everything it remembers. Requests in, a later drive and an outcome out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from picojoule.base.errors import InputError
from picojoule.sim.outcome import Outcome, Tier
from picojoule.sim.ssd import cache as caches
from picojoule.sim.ssd import closed, events, ftl, inorder
from picojoule.sim.ssd.device import Device
from picojoule.sim.ssd.ftl import Facts, State
from picojoule.sim.ssd.operations import COPY_PROGRAM, KINDS, PROGRAM, Chunk, Operations, tally
from picojoule.sim.ssd.requests import Requests, sequential, uniform

TIERS: dict[Tier, Callable[[Device, Requests, Iterable[Chunk], int], Outcome]] = {
    "closed": closed.bound,
    "max-plus": inorder.run,
    "events": events.run,
}
"""How operations are timed: a bound, in order, or by events."""

_CHUNK = 1 << 15
"""Operations that are timed before the next ones are made; they stay in the cache."""
_SETTLED = 0.005


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Drive:
    """A drive in some condition.

    Attributes:
        device: its table.
        state: where its pages are; never changed, a later drive has its own.
    """

    device: Device
    state: State


def fresh(device: Device, *, content: bool = False) -> Drive:
    """A drive on which nothing was written yet.

    Args:
        device: its table.
        content: remember in ``state.content`` which write each page is from, for proofs.
    """
    return Drive(device=device, state=ftl.empty(device, content=content))


def rested(drive: Drive) -> Drive:
    """The same drive after a rest: the cached mapping table has been written back, and still holds what it held."""
    return replace(drive, state=drive.state._replace(mapping=caches.clean(drive.state.mapping)))


def translate(drive: Drive, requests: Requests) -> tuple[Drive, Operations]:
    """The flash operations that requests become, and the drive afterwards.

    Raises:
        InputError: a request reaches beyond the drive's pages; nothing is done then.
    """
    _check(drive.device, requests)
    state = drive.state.copy()
    tables = [table.copy() for _, _, table in _chunks(drive.device, state, requests)]
    return replace(drive, state=state), np.concatenate(tables)


def replay(
    drive: Drive, requests: Requests, *, tier: Tier = "events", queue_depth: int | None = None
) -> tuple[Drive, Outcome]:
    """Serve requests.

    Args:
        drive: in which condition.
        requests: what is asked. With arrival times latencies count from there, else from the place in the queue.
        tier: ``closed`` bounds, ``max-plus`` in order, ``events`` out of order with suspension.
        queue_depth: most requests in the drive at a time; 32 if None, or without limit where arrivals are given.

    Raises:
        InputError: a request reaches beyond the drive, an unknown tier, or a queue depth below 1.
    """
    if tier not in TIERS:
        raise InputError(f"there is no tier {tier!r}", where="replay", remedy=f"use one of {', '.join(TIERS)}")
    depth = queue_depth or (32 if requests.arrival_ps is None else len(requests))
    if depth < 1 or queue_depth == 0:
        raise InputError(f"the queue depth is {queue_depth}", where="replay", remedy="give 1 or more")
    _check(drive.device, requests)
    state = drive.state.copy()
    chunks = _chunks(drive.device, state, requests)
    outcome = TIERS[tier](drive.device, requests, chunks, min(depth, len(requests)))
    return replace(drive, state=state), outcome


def precondition(drive: Drive, *, seed: int = 0, most: int = 20) -> Drive:
    """Write the whole drive in order, then at random until write amplification settles: the condition of a used drive.

    Args:
        drive: any.
        seed: of the random pages.
        most: so many times at most the drive is overwritten at random.
    """
    pages = drive.device.logical_pages
    state = drive.state.copy()
    amplification(drive.device, state, sequential(pages, within=pages, writes=True))
    last = 0.0
    for turn in range(most):
        chosen = uniform(pages, within=pages, seed=seed + turn, reads=0.0)
        now = amplification(drive.device, state, chosen)
        if abs(now - last) <= _SETTLED * last:
            break
        last = now
    return replace(drive, state=state)


def amplification(device: Device, state: State, requests: Requests) -> float:
    """Programs of data, those of garbage collection included, for each one the host caused; `state` is changed."""
    counts = np.zeros(len(KINDS), np.int64)
    for _, _, table in _chunks(device, state, requests):
        counts += tally(table)
    return 1 + int(counts[COPY_PROGRAM]) / max(1, int(counts[PROGRAM]))


def _chunks(device: Device, state: State, requests: Requests) -> Iterator[Chunk]:
    """The operations in pieces, each valid until the next; `state` is changed."""
    facts = Facts.of(device)
    most = ftl.rows_of_a_page(facts)
    table = np.empty((int(requests.pages.max()) * most + _CHUNK, 6), np.int32)
    done = 0
    while done < len(requests):
        begin = done
        done, rows = ftl.translate(state, facts, requests.page, requests.pages, requests.writes, begin, table, most)
        yield begin, done, table[:rows]


def _check(device: Device, requests: Requests) -> None:
    ends = requests.page + requests.pages
    if int(ends.max()) > device.logical_pages:
        first = int(np.argmax(ends > device.logical_pages))
        what = f"request {first} reaches page {int(ends[first]) - 1} of {device.logical_pages}"
        raise InputError(what, where=f"device {device.name}", remedy="keep requests inside, or take a larger drive")
