"""Collecting what an engine saw, per sample and layer, into counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from picojoule.cost import Counts
from picojoule.engines.layout import flatten
from picojoule.engines.plan import Plan
from picojoule.kernels import events

_STATIC = ("macs", "effective_macs", "bias_adds", "compares")


class Tally:
    """A running sum of events by layer; lives for one run, whose threads may all add to it."""

    def __init__(self, plan: Plan, samples: int) -> None:
        self._plan, self._samples = plan, samples
        self._sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._one_by_one = Lock()

    def add(self, layer: str, **numbers: int | np.ndarray) -> None:
        """Add numbers (or one per sample) to the layer's counts."""
        with self._one_by_one:
            for name, number in numbers.items():
                self._sums[layer][name] += int(np.sum(number))

    def arrive(self, emitter: str, emitted: Tensor, fused: tuple[np.ndarray, np.ndarray] | None = None) -> None:
        """Every value of `emitted` that is not zero is an event; it arrives at the synapses of its fan-out.

        Args:
            emitter: the node that emits.
            emitted: ``[rows, ...]``.
            fused: events and synops of the first layer the emitter feeds, where a kernel has counted them already.
        """
        flat, channels_last = flatten(emitted)
        for layer, fan in self._plan.fan_outs[emitter].items():
            arrived, synops = fused or events.count(flat, fan[channels_last])
            fused = None
            self.add(layer, events_in=arrived, synops=synops)

    def arrive_from(self, emitter: str, places: Tensor) -> None:
        """An event from each of these values of a sample, which are counted with channels first."""
        for layer, fan in self._plan.fan_outs[emitter].items():
            self.add(layer, events_in=len(places), synops=fan.channels_first[places.cpu().numpy()])

    def arrive_often(self, emitter: str, numbers: Tensor, channels_last: bool) -> None:
        """So many events of each value ``[batch, n]``, in a memory order, arrive at the synapses of its fan-out."""
        each = numbers.sum(0, dtype=torch.int64).cpu().numpy()
        for layer, fan in self._plan.fan_outs[emitter].items():
            self.add(layer, events_in=each, synops=each * fan[channels_last])

    def enter_pool(self, pool: str, incoming: Tensor) -> None:
        """Every event that enters a maximum pool is compared once."""
        self.add(self._plan.layer_of[pool], compares=int(torch.count_nonzero(incoming)))

    def multiply(self, layer: str, x: Tensor) -> None:
        """The multiplications by values that are not zero, in a layer that reads analogue ones."""
        flat, channels_last = flatten(x)
        self.add(layer, effective_macs=events.count(flat, self._plan.dense_fans[layer][channels_last])[1])

    def counts(self) -> Counts:
        """The counts of the whole run."""
        layers = []
        for name, fact in self._plan.facts.items():
            seen = self._sums[name]
            fixed = {key: getattr(fact, key) * self._samples + seen.pop(key, 0) for key in _STATIC}
            layers.append(replace(fact, **fixed, **seen))
        schedule = self._plan.schedule
        return Counts(samples=self._samples, steps=schedule.latency if schedule else None, layers=tuple(layers))
