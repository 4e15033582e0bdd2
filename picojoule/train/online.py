"""A learner for models that learn by a rule of their own, without a gradient."""

from __future__ import annotations

from typing import Any, Protocol, final

from torch import Tensor, nn

from picojoule.train.loop import Moment
from picojoule.train.parallel import processes


class Answer(Protocol):
    """What such a model gives back: its outputs while it learnt."""

    @property
    def values(self) -> Tensor:
        """``[batch, classes]``."""
        ...


@final
class Online:
    """A learner for :func:`picojoule.train.loop.loop` around ``model.learn(x, y, epoch)``.

    The loss is the share of wrong answers. The rule's order matters, so under ``torchrun`` every process does the same
    work, and the first one writes.

    Args:
        model: a module with a method ``learn`` that returns an :class:`Answer`.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model: Any = model
        self.optimiser = None
        self.processes = processes()
        self.stream = 0
        self._device = next(model.parameters()).device

    def learn(self, x: Tensor, y: Tensor, moment: Moment) -> float:
        """One step; the share of wrong answers."""
        y = y.to(self._device)
        answer: Answer = self.model.learn(x.to(self._device), y, moment.epoch)
        return float((answer.values.argmax(1) != y).double().mean())

    def metrics(self) -> dict[str, float]:
        """Nothing more."""
        return {}
