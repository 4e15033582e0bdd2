"""The first tier: closed forms. Nothing can end earlier than its busiest server, or than its requests one by one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from picojoule.sim.clock import SECOND, ps, transfer_ps
from picojoule.sim.outcome import Outcome
from picojoule.sim.ssd.device import Device
from picojoule.sim.ssd.operations import KIND, KINDS, LEVEL, MAP_READ, UNIT, Chunk, tally
from picojoule.sim.ssd.requests import Requests
from picojoule.sim.ssd.work import actions


def read_latency_ps(device: Device) -> int:
    """t_R + t_X of the first kind of page, with the host's link: one read on an idle drive without a mapping miss."""
    timing = device.timing
    host = transfer_ps(device.page_bytes, device.host_bytes_per_s) + ps(device.host_s)
    return int(timing.array[0, 0]) + ps(device.command_s) + device.transfer_ps + host


def read_bandwidth(device: Device, queue_depth: int) -> float:
    """Bytes a second of reads in order, page after page, on a drive without mapping misses.

    ::

        B = page · min( q / (t_R + t_X),  units / (t_R + t_X) or units / t_R,  channels / t_X,  host )

    An array that cannot go on before its page is sent is taken for t_R + t_X, one with a cache register for t_R. Exact
    where the queue depth q is a multiple or a divisor of the channels and the times are those of one kind of page.
    """
    timing = device.timing
    read, send = int(timing.array[0, 0]) + ps(device.command_s), device.transfer_ps
    call = send + ps(device.command_s)
    held = max(read, send) if device.cache_register else read + send
    host = transfer_ps(device.page_bytes, device.host_bytes_per_s)
    rates = [queue_depth / read_latency_ps(device), device.units / held, device.channels / call if call else np.inf]
    return device.page_bytes * SECOND * min([*rates, 1 / host if host else np.inf])


def bound(device: Device, requests: Requests, chunks: Iterable[Chunk], queue_depth: int) -> Outcome:
    """The least time on the busiest array, channel or link; map reads, which may join others, left out."""
    timing, call = device.timing, ps(device.command_s)
    array, channel = np.zeros(device.units, np.int64), np.zeros(device.channels, np.int64)
    done = np.zeros(len(KINDS), np.int64)
    for _, _, table in chunks:
        counted = table[table[:, KIND] != MAP_READ]
        kind, unit = counted[:, KIND], counted[:, UNIT]
        np.add.at(array, unit, timing.array[kind, counted[:, LEVEL]])
        np.add.at(channel, unit % device.channels, timing.bus[kind] + call)
        done += tally(table)
    host = np.array([requests.total_pages * transfer_ps(device.page_bytes, device.host_bytes_per_s)])
    busy = {"array": array, "channel": channel, "host": host}
    return Outcome(
        tier="closed",
        makespan_ps=max(int(each.max()) for each in busy.values()),
        bytes=requests.total_pages * device.page_bytes,
        busy_ps=busy,
        actions=actions(device, requests, done),
    )
