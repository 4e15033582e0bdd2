"""Networks that were trained several times, once a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Generic, TypeVar, final

from torch import nn

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
    def spikes(self) -> tuple[float, ...]:
        """Spikes a sample of each, those of the input left out."""
        return tuple(each.counts.spikes_per_sample for each in self.seen)

    @property
    def spikes_per_neuron(self) -> tuple[float, ...]:
        """The same a neuron."""
        return tuple(each.counts.spikes_per_neuron for each in self.seen)

    def beside(self, row: Row) -> Row:
        """The row of the first one, with what all did beside it."""
        return replace(row, metrics={**row.metrics, **of_seeds(self.accuracies, self.spikes)})


def of_seeds(accuracies: Sequence[float], spikes: Sequence[float]) -> dict[str, float | None]:
    """What a row tells of all seeds: their mean accuracy and its standard deviation, and their mean spikes a sample."""
    return {
        "accuracy_of_seeds": fmean(accuracies),
        "accuracy_deviation_of_seeds": stdev(accuracies) if len(accuracies) > 1 else None,
        "spikes_of_seeds": fmean(spikes),
    }
