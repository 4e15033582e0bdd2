"""Networks that were trained several times, once a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Generic, TypeVar, final

from torch import nn

from picojoule.ir import Fire
from picojoule.measurement import Observation
from picojoule.result import Row

Condition = TypeVar("Condition")


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Seeds(Generic[Condition]):
    """The networks of a condition.

    Attributes:
        condition: how they were trained.
        modules: what was trained, one a seed.
        seen: what each did on test samples.
    """

    condition: Condition
    modules: tuple[nn.Module, ...]
    seen: tuple[Observation, ...]

    @property
    def accuracies(self) -> tuple[float, ...]:
        """Accuracy of each."""
        return tuple(each.accuracy or 0.0 for each in self.seen)

    @property
    def accuracy(self) -> float:
        """The mean."""
        return fmean(self.accuracies)

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the accuracy; None of one."""
        return stdev(self.accuracies) if len(self.seen) > 1 else None

    @property
    def spikes(self) -> tuple[float, ...]:
        """Spikes a sample of each, those of the input left out."""
        return tuple(each.counts.hidden_spikes / each.counts.samples for each in self.seen)

    @property
    def spikes_per_neuron(self) -> tuple[float, ...]:
        """The same a neuron."""
        return tuple(map(spikes_per_neuron, self.seen))

    def beside(self, row: Row) -> Row:
        """The row of the first one, with what all did beside it."""
        metrics = {
            "accuracy_of_seeds": self.accuracy,
            "accuracy_deviation_of_seeds": self.deviation,
            "spikes_of_seeds": fmean(self.spikes),
        }
        return replace(row, metrics={**row.metrics, **metrics})


def spikes_per_neuron(seen: Observation) -> float:
    """Spikes of hidden neurons, a neuron and sample."""
    hidden = sum(fire.size for fire in seen.network.all(Fire) if fire.layer != "input")
    return seen.counts.hidden_spikes / seen.counts.samples / hidden
