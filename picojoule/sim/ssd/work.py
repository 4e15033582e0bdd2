"""What both kernels are given and fill: few tables, since every array a kernel is handed costs seconds to compile.

Columns of a request: its pages, whether it writes, when it comes; then when it got its place in the queue, when it was
over, its first operation, and what it still waits for. Of a kind of operation: time on the channel, the rules of
`operations.py`, then its array times by level. All times in picoseconds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from picojoule.sim.clock import ps, transfer_ps
from picojoule.sim.outcome import Outcome, Tier
from picojoule.sim.ssd.device import Device
from picojoule.sim.ssd.operations import ACTION, ANSWERS, HURRIES, SENDS_FIRST
from picojoule.sim.ssd.requests import Requests

PAGES, WRITES, ARRIVAL, ADMITTED, FINISHED, FIRST, OPEN = range(7)
BUS, SENDS, ANSWER, HURRY, SUSPENDABLE, ARRAY = range(6)

_SUSPENDED_BY_A_READ = {"nothing": (), "erase": (2,), "program and erase": (1, 2, 4, 6)}
"""Kinds of operation by what a device says it suspends."""


class Fixed(NamedTuple):
    """Numbers of the device and of the run.

    Attributes:
        call: command and address cycles on the channel.
        link, command, dram: a page over the host's link, the fixed time of a request, a page in or out of memory.
        suspend: from asking for a suspension to a free array.
        units, channels, register: of the device; the register 0 or 1.
        keys, depth: translation pages, and places in the queue.
    """

    call: int
    link: int
    command: int
    dram: int
    suspend: int
    units: int
    channels: int
    register: int
    keys: int
    depth: int


class Work(NamedTuple):
    """The tables.

    Attributes:
        fixed: numbers.
        request: ``[requests + 1, 7]``; the last row has only the end of the operations.
        kind: ``[kinds, 5 + levels]``.
        busy: of the arrays, then the channels, then the host's link.
        done: operations by kind, those that joined another left out.
        last: when the last operation was over ``[1]``.
    """

    fixed: Fixed
    request: NDArray[np.int64]
    kind: NDArray[np.int64]
    busy: NDArray[np.int64]
    done: NDArray[np.int64]
    last: NDArray[np.int64]


def prepare(device: Device, requests: Requests, queue_depth: int) -> Work:
    """The tables of a run that has not begun."""
    timing = device.timing
    suspendable = np.isin(np.arange(len(ANSWERS)), _SUSPENDED_BY_A_READ[device.suspends])
    table = np.zeros((len(requests) + 1, 7), np.int64)
    table[:-1, PAGES], table[:-1, WRITES] = requests.pages, requests.writes
    if requests.arrival_ps is not None:
        table[:-1, ARRIVAL] = requests.arrival_ps
    return Work(
        fixed=Fixed(
            call=ps(device.command_s),
            link=transfer_ps(device.page_bytes, device.host_bytes_per_s),
            command=ps(device.host_s),
            dram=transfer_ps(device.page_bytes, device.dram_bytes_per_s),
            suspend=ps(device.suspend_s),
            units=device.units,
            channels=device.channels,
            register=int(device.cache_register),
            keys=device.translation_pages,
            depth=queue_depth,
        ),
        request=table,
        kind=np.column_stack((timing.bus, SENDS_FIRST, ANSWERS, HURRIES, suspendable, timing.array)),
        busy=np.zeros(device.units + device.channels + 1, np.int64),
        done=np.zeros(len(ANSWERS), np.int64),
        last=np.zeros(1, np.int64),
    )


def finish(device: Device, requests: Requests, work: Work, tier: Tier) -> Outcome:
    """The outcome of a run that is over."""
    ends = work.request[:-1, FINISHED].copy()
    array, channel, host = np.split(work.busy, [device.units, device.units + device.channels])
    return Outcome(
        tier=tier,
        makespan_ps=max(int(ends.max()), int(work.last[0])),
        bytes=requests.total_pages * device.page_bytes,
        busy_ps={"array": array, "channel": channel, "host": host},
        actions=actions(device, requests, work.done),
        begin_ps=work.request[:-1, ADMITTED].copy() if requests.arrival_ps is None else requests.arrival_ps,
        finish_ps=ends,
    )


def actions(device: Device, requests: Requests, done: NDArray[np.int64]) -> dict[str, int]:
    """What is priced, from how often each kind of operation was done ``[kinds]``."""
    page, copy = device.page_bytes, 0 if device.copyback else device.page_bytes
    sizes = np.array([page, page, 0, device.mapping_read_bytes, page, copy, copy], np.int64)
    found: dict[str, int] = {}
    for name, count in zip(ACTION, done.tolist(), strict=True):
        found[name] = found.get(name, 0) + count
    return found | {
        "channel_byte": int(done @ sizes),
        "host_byte": requests.total_pages * page,
        "host_page_written": int(requests.pages[requests.writes].sum(dtype=np.int64)),
    }
