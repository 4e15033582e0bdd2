"""What parallel learning does to models, one rule a class: the legs of a simulated exchange as arithmetic.

θ is the master's model, θⁱ worker i's copy, g its gradient, η the rate, n the number of workers. Every rule has one
method a leg of its protocol (`picojoule.sim.exchange`). Several learning rates go side by side: their time is the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Models:
    """All copies of the model; the tensors are changed in place.

    Attributes:
        rates: η of each column of a sweep ``[rates, 1]``.
        master: θ ``[rates, parameters]``.
        own: θⁱ ``[rates, workers, parameters]``.
        spare: what a worker keeps besides: its steps since the last exchange, its gradients, or its difference.
        total: what the master has collected ``[rates, parameters]``.
        stored: the type in which workers and messages keep numbers; arithmetic is that of the tensors.
    """

    rates: Tensor
    master: Tensor
    own: Tensor
    spare: Tensor
    total: Tensor
    stored: torch.dtype

    @staticmethod
    def start(flat: Tensor, rates: Tensor, workers: int, stored: torch.dtype) -> Models:
        """All copies equal to `flat` ``[parameters]``."""
        master = flat.expand(len(rates), -1).clone()
        own = master[:, None].expand(-1, workers, -1).clone()
        zeros = torch.zeros_like
        start = Models(
            rates=rates[:, None], master=master, own=own, spare=zeros(own), total=zeros(master), stored=stored
        )
        own.copy_(start.kept(own))
        return start

    def kept(self, value: Tensor) -> Tensor:
        """A value as a worker or a message keeps it."""
        return value if self.stored == value.dtype else value.to(self.stored).to(value.dtype)


class Rule(ABC):
    """How one algorithm learns.

    ``protocol`` names its legs, ``settles`` the leg after which a worker's copy is ready for its next gradient.
    """

    protocol: ClassVar[str]
    settles: ClassVar[str]

    @abstractmethod
    def compute(self, models: Models, i: int, g: Tensor) -> None:
        """Worker i has its gradient ``[rates, parameters]``."""

    @abstractmethod
    def merge(self, models: Models, i: int) -> None:
        """The master takes in worker i's message."""

    @abstractmethod
    def pull(self, models: Models, i: int) -> None:
        """Worker i gets the master's model."""

    def barrier(self, models: Models, pages: int) -> None:
        """All messages of a round are there; they are of so many pages. Only where the protocol has a barrier."""
        raise NotImplementedError(self.protocol)

    def part(self, models: Models, i: int) -> None:
        """Worker i moves towards the model it got. Only where the protocol parts."""
        raise NotImplementedError(self.protocol)


@final
@dataclass(frozen=True, kw_only=True)
class Synchronous(Rule):
    """θ ← θ − η · mean of the gradients of all workers and of all τ pages; then θⁱ ← θ."""

    protocol: ClassVar[str] = "synchronous"
    settles: ClassVar[str] = "pull"

    def compute(self, models: Models, i: int, g: Tensor) -> None:
        models.spare[:, i] = models.kept(models.spare[:, i] + g)

    def merge(self, models: Models, i: int) -> None:
        models.total.add_(models.spare[:, i])
        models.spare[:, i] = 0

    def barrier(self, models: Models, pages: int) -> None:
        models.master.sub_(models.rates / pages * models.total)
        models.total.zero_()

    def pull(self, models: Models, i: int) -> None:
        models.own[:, i] = models.kept(models.master)


@final
@dataclass(frozen=True, kw_only=True)
class Downpour(Rule):
    """θⁱ ← θⁱ − η·g; after τ pages θ ← θ − Σ η·g of this worker alone, in the order of arrival; then θⁱ ← θ."""

    protocol: ClassVar[str] = "downpour"
    settles: ClassVar[str] = "pull"

    def compute(self, models: Models, i: int, g: Tensor) -> None:
        step = models.rates * g
        models.own[:, i] = models.kept(models.own[:, i] - step)
        models.spare[:, i] = models.kept(models.spare[:, i] - step)

    def merge(self, models: Models, i: int) -> None:
        models.master.add_(models.spare[:, i])
        models.spare[:, i] = 0

    def pull(self, models: Models, i: int) -> None:
        models.own[:, i] = models.kept(models.master)


@final
@dataclass(frozen=True, kw_only=True)
class Elastic(Rule):
    """Elastic averaging: θⁱ ← θⁱ − η·g; after τ pages e = α(θⁱ − θ), θⁱ ← θⁱ − e, θ ← θ + e.

    Attributes:
        alpha: the moving rate α.
    """

    protocol: ClassVar[str] = "elastic"
    settles: ClassVar[str] = "part"

    alpha: float = 0.001

    def compute(self, models: Models, i: int, g: Tensor) -> None:
        models.own[:, i] = models.kept(models.own[:, i] - models.rates * g)

    def pull(self, models: Models, i: int) -> None:
        models.spare[:, i] = models.kept(models.master)

    def part(self, models: Models, i: int) -> None:
        e = models.kept(self.alpha * (models.own[:, i] - models.spare[:, i]))
        models.own[:, i] = models.kept(models.own[:, i] - e)
        models.spare[:, i] = e

    def merge(self, models: Models, i: int) -> None:
        models.master.add_(models.spare[:, i])
