"""Collecting what an engine saw, per sample and layer, into counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from picojoule.cost import Counts
from picojoule.engines.plan import Plan

_STATIC = ("macs", "bias_adds", "compares")


class Tally:
    """A running sum of events by layer; lives for one run."""

    def __init__(self, plan: Plan, samples: int) -> None:
        self._plan, self._samples = plan, samples
        self._sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, layer: str, **numbers: int | np.ndarray) -> None:
        """Add numbers (or one per sample) to the layer's counts."""
        for name, number in numbers.items():
            self._sums[layer][name] += int(np.sum(number))

    def counts(self) -> Counts:
        """The counts of the whole run."""
        layers = []
        for name, fact in self._plan.facts.items():
            seen = self._sums[name]
            fixed = {key: getattr(fact, key) * self._samples + seen.pop(key, 0) for key in _STATIC}
            layers.append(replace(fact, **fixed, **seen))
        schedule = self._plan.schedule
        return Counts(samples=self._samples, steps=schedule.latency if schedule else None, layers=tuple(layers))
