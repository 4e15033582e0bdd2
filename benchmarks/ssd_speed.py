"""How many pages a second does the simulated drive read and write, beside SimPy and Python's own heap on the same toy?

    pip install simpy
    python benchmarks/ssd_speed.py [--repeats 5]

The toy: page reads, each in a cell array (t_R), then over the channel it shares (t_X). All do the same reads of the
same drive; the script checks that they end at the same picosecond. Slow ones get fewer reads.
One core; times are processor time of this process, since the machine is shared.
"""

from __future__ import annotations

import argparse
import heapq
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from statistics import median

import numpy as np
from numpy.typing import NDArray

from picojoule.sim.ssd import ISP_ML, MQSIM, Device, fresh, inorder, precondition, replay
from picojoule.sim.ssd.drive import translate
from picojoule.sim.ssd.requests import sequential, uniform
from timing import machine

TOY = replace(ISP_ML, name="toy", channels=8, chips=4, host_bytes_per_s=float("inf"))
FAST, SLOW = 8_000_000, 20_000


def with_simpy(device: Device, unit: NDArray[np.int32]) -> int:
    """A process a read and two resources; when the last one ends."""
    import simpy

    world = simpy.Environment()
    arrays = [simpy.Resource(world) for _ in range(device.units)]
    channels = [simpy.Resource(world) for _ in range(device.channels)]
    read, send = int(device.timing.array[0, 0]), device.transfer_ps

    def page(u: int):  # type: ignore[no-untyped-def]
        with arrays[u].request() as array:
            yield array
            yield world.timeout(read)
            with channels[u % device.channels].request() as channel:
                yield channel
                yield world.timeout(send)

    for u in unit.tolist():
        world.process(page(u))
    world.run()
    return int(world.now)


def with_heapq(device: Device, unit: NDArray[np.int32]) -> int:
    """The same with Python's own heap and lists."""
    read, send = int(device.timing.array[0, 0]), device.transfer_ps
    waiting: list[list[int]] = [[] for _ in range(device.units)]
    for i, u in enumerate(unit.tolist()):
        waiting[u].append(i)
    channel = [0] * device.channels
    pending = [(read, i, u) for u, queue in enumerate(waiting) if queue for i in [queue.pop(0)]]
    heapq.heapify(pending)
    last = 0
    while pending:
        now, _, u = heapq.heappop(pending)
        last = channel[u % device.channels] = max(now, channel[u % device.channels]) + send
        if waiting[u]:
            heapq.heappush(pending, (last + read, waiting[u].pop(0), u))
    return max(channel)


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=5)
    repeats = options.parse_args().repeats
    print(f"# Speed of the simulated drive, {date.today()}\n\n{machine()}\n")
    print(f"One core of a machine shared with other work; processor time, medians of {repeats} turns, all in each.\n")
    _reads(repeats)
    _writes(repeats)


def _reads(repeats: int) -> None:
    few, many = ((np.arange(n) % TOY.units).astype(np.int32) for n in (SLOW, FAST))
    drive = replay(fresh(TOY), sequential(SLOW, within=SLOW, writes=True), tier="max-plus")[0]
    asked = sequential(SLOW, within=SLOW)
    ends = (with_simpy(TOY, few), with_heapq(TOY, few), int(inorder.reads(TOY, few).max()))
    event_end = replay(drive, asked, queue_depth=SLOW)[1].makespan_ps
    assert len({*ends, event_end}) == 1, (ends, event_end)
    rivals: dict[str, tuple[int, Callable[[], object]]] = {
        "SimPy, a process a read": (SLOW, lambda: with_simpy(TOY, few)),
        "Python's heapq": (SLOW, lambda: with_heapq(TOY, few)),
        "events (tier 3), translation included": (SLOW, lambda: replay(drive, asked, queue_depth=SLOW)),
        "max-plus (tier 2), translation included": (SLOW, lambda: replay(drive, asked, tier="max-plus")),
        "max-plus (tier 2), reads alone": (FAST, lambda: inorder.reads(TOY, many)),
    }
    print(f"## Page reads: {TOY.channels} channels, {TOY.units} arrays, all ending at the same picosecond\n")
    _table(rivals, repeats, "page reads/s")


def _writes(repeats: int) -> None:
    device = replace(ISP_ML, name="used", blocks=256, pages=128, spare=0.12)
    drive = precondition(fresh(device))
    asked = uniform(1_000_000, within=device.logical_pages, seed=1, reads=0.0)
    outcome = replay(drive, asked, tier="max-plus")[1]
    operations = sum(outcome.actions[name] for name in ("page_read", "page_program", "block_erase"))
    short = uniform(20_000, within=device.logical_pages, seed=1, reads=0.0)
    few = len(translate(drive, short)[1])
    print(
        f"## Writes with garbage collection: {device.logical_pages:,} pages of the host, used to its steady state,"
        f" write amplification {outcome.write_amplification:.2f}\n"
    )
    rivals: dict[str, tuple[int, Callable[[], object]]] = {
        "max-plus (tier 2)": (operations, lambda: replay(drive, asked, tier="max-plus")),
        "events (tier 3)": (few, lambda: replay(drive, short)),
    }
    _table(rivals, repeats, "page operations/s (reads, programs, erases of flash)")
    full = replace(MQSIM, blocks=512, reserve=26)
    large = precondition(fresh(full), most=1)
    asked = uniform(500_000, within=full.logical_pages, seed=1, reads=0.0)
    count = len(translate(large, asked)[1])
    print(f"A larger drive, {full.total_pages * full.page_bytes >> 30} GiB with a cached mapping table:\n")
    _table({"max-plus (tier 2)": (count, lambda: replay(large, asked, tier="max-plus"))}, repeats, "page operations/s")


def _table(rivals: dict[str, tuple[int, Callable[[], object]]], repeats: int, unit: str) -> None:
    rates: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(repeats):
        for name, (number, work) in rivals.items():
            begun = time.process_time()
            work()
            rates[name].append(number / (time.process_time() - begun))
    base = median(next(iter(rates.values())))
    print(f"| simulator | million {unit}, median | least–most | × the first |\n|---|---|---|---|")
    for name, each in rates.items():
        low, middle, high = (value / 1e6 for value in (min(each), median(each), max(each)))
        print(f"| {name} | {middle:.3g} | {low:.3g}–{high:.3g} | {median(each) / base:,.3g} |")
    print()


if __name__ == "__main__":
    main()
