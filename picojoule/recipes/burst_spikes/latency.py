"""How long a network takes to decide as the ANN does, and what it fires until then.

Latency is the first step from which on, to the end, at least 99.5 % of the decisions are the ANN's. The papers measure
it on a curve of accuracy; by which criterion is not known. A network that is stopped there is the network with so many
steps, so its counts are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import final

import torch
from torch import Tensor

from picojoule.engines import run
from picojoule.ir import Fire, Network
from picojoule.result import Series
from picojoule.tuning.anytime import with_steps

AGREEMENT = 0.995
_BATCH = 50


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """A network's decisions over its steps.

    Attributes:
        network: of T steps.
        hits: share of right decisions after each step, ``[T]``.
        agreement: share of the ANN's decisions after each step, ``[T]``.
    """

    network: Network
    hits: Tensor
    agreement: Tensor

    @property
    def latency(self) -> int | None:
        """The first step, from 1, from which on enough decisions are the ANN's; None where they never are."""
        short = (self.agreement < AGREEMENT).nonzero()
        first = int(short[-1]) + 2 if len(short) else 1
        return first if first <= len(self.agreement) else None

    def stopped(self) -> Network:
        """The network that stops there, at the end of a period; the whole one where it never agrees."""
        codes = [fire.code for fire in self.network.all(Fire)]
        steps, pace = codes[-1].steps, max(code.pace for code in codes)
        last = min(steps, pace * ceil((self.latency or steps) / pace))
        name = self.network.name.replace(f"T={steps}", f"T={last}")
        return replace(with_steps(self.network, last), name=name)

    def series(self) -> Series:
        """Accuracy after every step, as the report draws it."""
        return Series(
            name="accuracy against steps",
            system=self.network.name,
            x=tuple(range(1, len(self.hits) + 1)),
            y=tuple(self.hits.tolist()),
            x_unit="steps",
            y_unit="fraction",
        )


def curve(network: Network, images: Tensor, labels: Tensor, decisions: Tensor) -> Curve:
    """Run a network and look after every step.

    Args:
        network: a spiking network.
        images, labels: ``[n, ...]`` and ``[n]``.
        decisions: the ANN's, ``[n]``.
    """
    runs = (run(network, x, trajectory=True, count=False).trajectory for x in images.split(_BATCH))
    chosen = torch.cat([path.flatten(2).argmax(2).short().cpu() for path in runs if path is not None], 1)
    hits, same = ((chosen == each).double().mean(1) for each in (labels, decisions))
    return Curve(network=network, hits=hits, agreement=same)
