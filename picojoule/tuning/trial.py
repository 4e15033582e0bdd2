"""How one setting does: accuracy beside the ANN's, in the order from cheap evaluations to dear ones.

::

    drop = (lost − won)/n        lost: right for the ANN alone, won: right for the spiking network alone
    se   = √(lost + won)/n
    a setting holds where drop + z·se ≤ the drop allowed, and is out where drop − z·se is above it

z = 1.28: a one-sided bound that holds nine times in ten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import final

import torch
from torch import Tensor

from picojoule.cost import Counts
from picojoule.cost.counts import add_up
from picojoule.engines import run
from picojoule.ir import Network
from picojoule.ir.dense import evaluate_all

Z = 1.28
_BATCH = 50


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    """The accuracy that is lost against the ANN, on the same samples.

    Attributes:
        lost, won: samples that only the ANN, and only the spiking network, gets right.
        samples: compared.
    """

    lost: int
    won: int
    samples: int

    @property
    def value(self) -> float:
        """The drop."""
        return (self.lost - self.won) / self.samples

    @property
    def margin(self) -> float:
        """z·se."""
        return Z * sqrt(self.lost + self.won) / self.samples

    def holds(self, allowed: float) -> bool:
        """Whether it is at most the drop allowed, with the margin."""
        return self.value + self.margin <= allowed + 1e-12

    def fails(self, allowed: float) -> bool:
        """Whether it is above the drop allowed, by more than the margin."""
        return self.value - self.margin > allowed


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Inputs and labels to choose by, and whether the ANN is right for each."""

    x: Tensor
    labels: Tensor
    right: Tensor

    def drop(self, decisions: Tensor) -> Drop:
        """Of the first of the samples."""
        ann = self.right[: len(decisions)]
        mine = decisions == self.labels[: len(decisions)]
        return Drop(lost=int((ann & ~mine).sum()), won=int((mine & ~ann).sum()), samples=len(decisions))


@torch.no_grad()
def closed_form(network: Network, samples: Samples, allowed: float) -> Drop:
    """The drop by the codes' closed forms, at the ANN's speed: a bound on what spikes that arrive evenly could give."""

    def decide(x: Tensor) -> Tensor:
        return evaluate_all(network.nodes, network.check_input(x))[network.output.name].flatten(1).argmax(1)

    return _until_clear(decide, samples, allowed)


def spiking(network: Network, samples: Samples, allowed: float) -> tuple[Drop, Counts, Tensor]:
    """The drop, the counts and the decisions of the spiking network; fewer samples where it is clearly out."""
    parts: list[Counts] = []
    decisions: list[Tensor] = []

    def decide(x: Tensor) -> Tensor:
        done = run(network, x)
        assert done.counts is not None
        parts.append(done.counts)
        decisions.append(done.values.flatten(1).argmax(1))
        return decisions[-1]

    drop = _until_clear(decide, samples, allowed)
    return drop, add_up(parts), torch.cat(decisions)


def _until_clear(decide: Callable[[Tensor], Tensor], samples: Samples, allowed: float) -> Drop:
    found: list[Tensor] = []
    for x in samples.x.split(_BATCH):
        found.append(decide(x))
        drop = samples.drop(torch.cat(found))
        if drop.samples >= 2 * _BATCH and drop.fails(allowed):
            break
    return drop
