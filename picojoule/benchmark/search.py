"""The fastest way and batch size of each system: every rival is timed at its own best."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from picojoule.benchmark.systems import System
from picojoule.benchmark.timing import Work

BATCHES = (1, 5, 10, 25, 50)
_TRIAL, _LEAST, _SAMPLES = 10, 0.05, 10
_HOPELESS, _WORSE = 1.5, 1.25


class Choice(NamedTuple):
    """How a system is run.

    Attributes:
        way: one of its ways.
        batch: samples a call.
    """

    way: str
    batch: int


def best_choice(system: System, x: Tensor, batches: tuple[int, ...] = BATCHES) -> Choice:
    """The way and batch size with the least time a sample.

    All ways are tried at one batch size, then all batch sizes on those ways that are near the best. Batch sizes grow
    until the time a sample does too: far beyond that only memory is used up.

    Args:
        system: what to run.
        x: samples ``[n, ...]``; no batch is larger.
        batches: candidates, ascending.
    """
    trial = min(_TRIAL, len(x))
    at_trial = {way: _seconds(system, Choice(way, trial), x) for way in system.ways}
    near = [way for way, seconds in at_trial.items() if seconds <= _HOPELESS * min(at_trial.values())]
    tried: dict[Choice, float] = {}
    for way in near:
        for batch in (each for each in batches if each <= len(x)):
            choice = Choice(way, batch)
            tried[choice] = at_trial[way] if batch == trial else _seconds(system, choice, x)
            if batch > trial and tried[choice] > _WORSE * min(tried.values()):
                break
    return min(tried, key=lambda choice: tried[choice])


def _seconds(system: System, choice: Choice, x: Tensor) -> float:
    """A quick measure: a few batches, repeated where they are short, after one batch to warm up."""
    batches = x[: max(choice.batch, _SAMPLES)].split(choice.batch)
    forward = system.ways[choice.way]
    forward(batches[0][:1])
    return Work(forward, batches).seconds(_LEAST)
