"""Timing rivals in turn, so that a drift of the machine's speed hits all of them alike."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping
from statistics import median
from typing import Any, NamedTuple

from torch import Tensor

from picojoule.base.environment import environment


class Work(NamedTuple):
    """What is timed: a function over all of its batches.

    Attributes:
        forward: called with each batch.
        batches: the samples ``[batch, ...]``, in order.
    """

    forward: Callable[[Tensor], Any]
    batches: tuple[Tensor, ...]

    def seconds(self, least: float = 0.0) -> float:
        """Seconds a sample, once over all batches; over and over until `least` seconds have passed."""
        samples, rounds, start = sum(map(len, self.batches)), 0, time.perf_counter()
        while not rounds or time.perf_counter() - start < least:
            for batch in self.batches:
                self.forward(batch)
            rounds += 1
        return (time.perf_counter() - start) / (rounds * samples)


def in_turn(works: Mapping[str, Work], turns: Iterable[object], least: float = 0.0) -> dict[str, list[float]]:
    """Seconds per sample of each work, once per turn, one after the other, after one warm-up.

    Args:
        works: what to time, by name.
        turns: one turn for each item; an iterator that shows progress may be given.
        least: seconds that a work takes at least in a turn; a shorter one is repeated, and its mean is taken.
    """
    for work in works.values():
        work.seconds()
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in turns:
        for name, work in works.items():
            times[name].append(work.seconds(least))
    return times


def interleaved(
    rivals: Mapping[str, Callable[[Tensor], Any]], x: Tensor, batch: int, repeats: int
) -> dict[str, list[float]]:
    """Milliseconds per sample of each rival at one batch size, once per repeat, in turn, after one warm-up.

    Args:
        rivals: what to time, by name.
        x: samples ``[n, ...]``; each rival sees all of them in every repeat.
        batch: samples a call.
        repeats: how many turns.
    """
    works = {name: Work(forward, x.split(batch)) for name, forward in rivals.items()}
    return {name: [1e3 * each for each in times] for name, times in in_turn(works, range(repeats)).items()}


def ratio(mine: list[float], theirs: list[float]) -> float:
    """The median of the ratios turn by turn, in which the machine's drift cancels."""
    return median(one / other for one, other in zip(mine, theirs, strict=True))


def row(name: str, times: list[float], rival: list[float]) -> str:
    """A markdown row: median, spread, and the median of the ratios to the rival turn by turn."""
    return f"| {name} | {median(times):.3f} | {min(times):.3f}–{max(times):.3f} | {ratio(times, rival):.2f} |"


def machine() -> str:
    """One line about the machine and the versions."""
    facts = environment()
    return (
        f"{facts['cpu']}, {platform.machine()}, {facts['threads']} threads, torch {facts['torch']}, "
        f"Python {facts['python']}, picojoule {facts['picojoule']}"
    )
