"""Which weights are the best: a score after every epoch, early stopping, and the weights that had the highest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from torch import nn

from picojoule.base.errors import InputError


@final
@dataclass(frozen=True, kw_only=True)
class Validation:
    """How a training is watched.

    Attributes:
        score: of a model in evaluation mode; higher is better. Use samples that are neither trained on nor tested on.
        patience: stop when so many epochs in a row brought no higher score; None goes on to the end.
        keep_best: leave the model with the weights of its highest score, not with the last.
    """

    score: Callable[[nn.Module], float]
    patience: int | None = None
    keep_best: bool = True

    def __post_init__(self) -> None:
        if self.patience is not None and self.patience < 1:
            raise InputError(
                f"a patience of {self.patience} epochs", where="Validation", remedy="give 1 or more, or None"
            )

    def stops(self, scores: Sequence[float | None]) -> bool:
        """Whether these scores are reason to stop."""
        return self.patience is not None and bool(scores) and len(scores) - 1 - best(scores) >= self.patience


def best(scores: Sequence[float | None]) -> int:
    """The first epoch, from 0, of the highest score; an unknown score or NaN is lower than any.

    Args:
        scores: at least one.
    """
    known = [float("-inf") if each is None or each != each else each for each in scores]
    return known.index(max(known))
