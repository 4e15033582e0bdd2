"""Timing rivals in turn, so that a drift of the machine's speed hits all of them alike."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from statistics import median

import torch

from picojoule.base.environment import environment

Forward = Callable[[torch.Tensor], object]


def interleaved(rivals: dict[str, Forward], x: torch.Tensor, batch: int, repeats: int) -> dict[str, list[float]]:
    """Milliseconds per sample of each rival, once per repeat, in turn, after one warm-up.

    Args:
        rivals: what to time, by name.
        x: samples ``[n, ...]``; each rival sees all of them in every repeat.
        batch: samples a call.
        repeats: how many turns.
    """
    chunks = x.split(batch)
    times: dict[str, list[float]] = {name: [] for name in rivals}
    for turn in range(repeats + 1):
        for name, forward in rivals.items():
            start = time.perf_counter()
            for chunk in chunks:
                forward(chunk)
            if turn:
                times[name].append((time.perf_counter() - start) / len(x) * 1e3)
    return times


def row(name: str, times: list[float], rival: list[float]) -> str:
    """A markdown row: median, spread, and the median of the ratios to the rival turn by turn."""
    ratios = [mine / theirs for mine, theirs in zip(times, rival, strict=True)]
    return f"| {name} | {median(times):.3f} | {min(times):.3f}–{max(times):.3f} | {median(ratios):.2f} |"


def machine() -> str:
    """One line about the machine and the versions."""
    facts = environment()
    return (
        f"{facts['cpu']}, {platform.machine()}, {facts['threads']} threads, torch {facts['torch']}, "
        f"Python {facts['python']}, picojoule {facts['picojoule']}"
    )
