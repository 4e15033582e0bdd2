"""The verb ``bench``: the same network under everything that runs here, in turn, each at its own best."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from statistics import median
from typing import Any

import torch
from torch import nn

from picojoule.base.environment import environment
from picojoule.base.progress import say, track
from picojoule.benchmark import peaks
from picojoule.benchmark.findings import Findings, MemoryRow, Missing, Ratio, Row
from picojoule.benchmark.kernels import against_the_peak
from picojoule.benchmark.memory import Helper, Peak, helper
from picojoule.benchmark.reach import DROP, LADDER, Climb, climbs
from picojoule.benchmark.rivals import RIVALS
from picojoule.benchmark.search import BATCHES, Choice
from picojoule.benchmark.session import Session
from picojoule.benchmark.systems import TTFS_STEPS, Maker, System, admitted, all_systems, rate_by_ours
from picojoule.benchmark.timing import ratio
from picojoule.data.vision import Dataset, digits
from picojoule.models import embedded

CALIBRATION = 1000
"""Training samples that set the scales."""
STEPS = (32, 64)
REPEATS = 5
LIMIT = 1000
MEMORY_STEPS = (32, 512)
"""Memory that is flat in T is the same at both."""
_MEMORY_BATCH, _MEMORY_TURNS = 10, 5
_BUSY = 0.7


def bench(
    model: nn.Module | None = None,
    data: Dataset | None = None,
    *,
    steps: Sequence[int] = STEPS,
    repeats: int = REPEATS,
    limit: int = LIMIT,
    ladder: Sequence[int] = LADDER,
) -> Findings:
    """Time a network under our engines and under the rivals that are installed.

    Args:
        model: the trained network; the embedded one for digits if None.
        data: what to run it on; the embedded digits if None.
        steps: T of the rate codes in the table.
        repeats: turns in which everything is timed once.
        limit: test samples that accuracy is measured on, at most.
        ladder: T to try, ascending, until a system comes near the ANN.

    Raises:
        ConversionError: a network that cannot be converted.
        DataError: data that do not fit the network.
    """
    data = digits.load() if data is None else data
    load = _load()
    title = f"{'embedded digit network' if model is None else type(model).__name__} on {data.name}"
    maker = Maker(embedded() if model is None else model, data.train.take(CALIBRATION))
    session = Session(maker, data.test.take(limit), max(steps), repeats)
    systems, left = admitted(all_systems(maker, dict.fromkeys(steps)), session.x)
    climbed = climbs(session, ladder)
    session.time([*systems, *(climb.system for climb in climbed if climb.system)])
    with helper() as process:
        peak = {system.name: _peak(session, system, process) for system in track(systems, "memory")}
        memory = _memory(session, process)
    return Findings(
        title=title,
        date=date.today().isoformat(),
        environment=environment(),
        data={"name": data.name, "test": len(session.samples), "sha256": data.sha256},
        settings={**_settings(session, list(dict.fromkeys(steps)), ladder), "load": load},
        rows=_rows(session, systems, peak),
        reach=tuple(climb.found(session) for climb in climbed),
        ratios=(*session.ttfs_over_ann(), *_first_there(session, climbed), *_growth(memory)),
        memory=memory,
        missing=_missing(),
        left_out=tuple(left),
        **_machine(),
    )


def _load() -> float:
    """How many programs want to run beside this one; the mean of the last minute."""
    load = os.getloadavg()[0]
    if load > _BUSY:
        say(f"the machine is busy (load {load:.1f}): times will be long and uneven; run this on an idle one")
    return load


def _settings(session: Session, steps: list[int], ladder: Sequence[int]) -> dict[str, Any]:
    return {
        "steps": steps,
        "ttfs_steps": TTFS_STEPS,
        "repeats": session.repeats,
        "timed_samples": len(session.x),
        "batches": [batch for batch in BATCHES if batch <= len(session.x)],
        "ladder": list(ladder),
        "drop": DROP,
    }


def _rows(session: Session, systems: Sequence[System], peak: dict[str, Peak]) -> tuple[Row, ...]:
    """One row a system. Accuracy is measured in the order of speed: systems with the same spikes share it."""
    fastest_first = sorted(systems, key=lambda system: median(session.times[system.name]))
    accuracy = {system.name: session.accuracy(system) for system in fastest_first}
    rows = []
    for system in systems:
        choice, times = session.choice(system), session.times[system.name]
        ours = [session.times[each.name] for each in systems if each.is_ours and each.family == system.family]
        rows.append(
            Row(
                system=system.family,
                by=system.by,
                ours=system.is_ours,
                way=choice.way,
                batch=choice.batch,
                seconds=tuple(times),
                ratio=ratio(times, min(ours, key=median)) if ours else None,
                accuracy=accuracy[system.name],
                process_bytes=peak[system.name].process,
                tensor_bytes=peak[system.name].tensors,
            )
        )
    return tuple(rows)


def _peak(session: Session, system: System, process: Helper) -> Peak:
    choice = session.choice(system)
    return process.peak(system, choice, session.x[: choice.batch])


def _memory(session: Session, process: Helper) -> tuple[MemoryRow, ...]:
    """Ours at few and at many steps, at one batch size; medians, since an allocator is not the same twice."""
    x, rows = session.x[:_MEMORY_BATCH], []
    systems = [rate_by_ours(session.maker, steps) for steps in MEMORY_STEPS]
    turns = [[process.peak(system, Choice("", len(x)), x) for system in systems] for _ in range(_MEMORY_TURNS)]
    for steps, system, peaks_of in zip(MEMORY_STEPS, systems, zip(*turns, strict=True), strict=True):
        resident, tensors = (_median(each) for each in zip(*peaks_of, strict=True))
        rows.append(
            MemoryRow(system=system.family, steps=steps, batch=len(x), process_bytes=resident, tensor_bytes=tensors)
        )
    return tuple(rows)


def _median(found: Sequence[int | None]) -> int | None:
    """The median of what is known."""
    known = [each for each in found if each is not None]
    return int(median(known)) if known else None


def _growth(memory: Sequence[MemoryRow]) -> list[Ratio]:
    """Memory at many steps over memory at few, by both measures."""
    few, many = memory
    return [
        Ratio(of=many.system, over=few.system, what=f"peak memory ({name})", value=_over(more, less))
        for name, more, less in (
            ("process", many.process_bytes, few.process_bytes),
            ("tensors", many.tensor_bytes, few.tensor_bytes),
        )
    ]


def _over(more: int | None, less: int | None) -> float | None:
    return more / less if more is not None and less else None


def _first_there(session: Session, climbed: Sequence[Climb]) -> list[Ratio]:
    """Each rival's time over that of the first of ours, each at the fewest steps that come near the ANN."""
    there = [climb for climb in climbed if climb.system]
    ours = [climb for climb in there if climb.ours]
    if not ours:
        return []
    first = min(ours, key=lambda climb: median(climb.times(session)))
    return [
        Ratio(
            of=climb.name,
            over=first.name,
            what="time to come near the ANN",
            value=ratio(climb.times(session), first.times(session)),
        )
        for climb in there
        if not climb.ours
    ]


def _machine() -> dict[str, Any]:
    """The machine's peaks on all threads and on one, and our kernels beside them."""
    say("machine and kernels")
    threads = torch.get_num_threads()
    found = {
        "threads": threads,
        "stream_bytes_per_second": peaks.stream(peaks.BEYOND_CACHE, threads),
        "stream_bytes_per_second_one_thread": peaks.stream(peaks.BEYOND_CACHE, 1),
        "gemm_operations_per_second": peaks.gemm(threads),
        "gemm_operations_per_second_one_thread": (one := peaks.gemm(1)),
    }
    return {"peaks": found, "kernels": tuple(against_the_peak(one))}


def _missing() -> tuple[Missing, ...]:
    found = ((rival, rival.missing()) for rival in RIVALS)
    return tuple(Missing(name=rival.name, reason=why, install=rival.install) for rival, why in found if why)
