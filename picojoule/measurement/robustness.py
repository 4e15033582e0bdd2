"""Accuracy under noise, over several seeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, final

from picojoule.conversion.disturb import compensate, disturb
from picojoule.data.batches import batches
from picojoule.engines import run
from picojoule.ir import Network
from picojoule.metrics import correct
from picojoule.noise import Noise


@final
@dataclass(frozen=True, slots=True)
class Scores:
    """Accuracy under one noise, once for each seed."""

    each: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return fmean(self.each)

    @property
    def interval(self) -> tuple[float, float]:
        """The lowest and the highest of the seeds."""
        return min(self.each), max(self.each)


def scores(
    network: Network, data: Any, noise: Noise, *, seeds: Iterable[int], compensated: bool = False, batch: int = 50
) -> Scores:
    """How often a network decides rightly when it is disturbed, by each seed.

    Args:
        network: without noise.
        data: labelled samples.
        noise: what goes wrong; its seed is replaced.
        seeds: of the noise.
        compensated: divide weights by what arrives in the mean.
        batch: samples a run.
    """
    expecting = compensate(network, noise) if compensated else network
    return Scores(tuple(_accuracy(disturb(expecting, replace(noise, seed=seed)), data, batch) for seed in seeds))


def _accuracy(network: Network, data: Any, batch: int) -> float:
    right = samples = 0
    for x, y in batches(data, batch):
        right += correct(run(network, x, count=False).values.cpu(), y)
        samples += len(x)
    return right / samples
