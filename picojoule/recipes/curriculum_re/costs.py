"""What learning costs in joules, teachers and validation included. Counted first, priced then.

::

    an arm's learning = steps·batch·J_train + epochs·n_valid·J_answer
    a review          = Σ_j epochs·⌊n_j / b⌋·b·J_train + (N − 1)·n·J_answer        b = ⌊batch / N⌋

J are joules of a sentence on average, counted on real sentences without padding. Looking vectors of words up is memory
and no arithmetic; their table is not in the counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import nn

from picojoule.cost import Counts, Profile, price
from picojoule.cost.counts import add_up
from picojoule.cost.training import dense_training
from picojoule.data.language.relations.encoding import Pairs
from picojoule.measurement.modules import count_module
from picojoule.recipes.curriculum_re.conditions import Arm, Size
from picojoule.recipes.curriculum_re.training import Learnt, Task
from picojoule.train.curriculum import Review

_COUNTED = 12
"""Sentences that are counted."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Costs:
    """Of one network on one task.

    Attributes:
        answer: counts of an inference.
        task, size: how often, and of what.
    """

    answer: Counts
    task: Task
    size: Size

    @staticmethod
    def of(model: nn.Module, task: Task, size: Size) -> Costs:
        """Counted on the first sentences."""
        some = [torch.tensor([place]) for place in range(min(_COUNTED, len(task.train)))]
        return Costs(answer=_counts(model, task.train, some), task=task, size=size)

    def joules(self, profile: Profile) -> tuple[float, float]:
        """J_answer and J_train."""
        training = dense_training(self.answer, inputs=True)
        return price(self.answer, profile).joules, price(training, profile).joules

    def learning(self, steps: int, epochs: int, profile: Profile) -> float:
        """Joules of an arm's steps and validations."""
        answer, training = self.joules(profile)
        batch = min(self.size.batch, len(self.task.train))
        return steps * batch * training + epochs * len(self.task.valid) * answer

    def review(self, found: Review, profile: Profile) -> float:
        """Joules of the teachers and their answers."""
        answer, training = self.joules(profile)
        steps = 0
        for taught in torch.bincount(found.folds).tolist():
            batch = self.size.teachers_batch(taught)
            steps += self.size.epochs * (taught // batch) * batch
        return steps * training + found.answers * answer

    def total(self, arm: Arm, learnt: Learnt, found: Review, profile: Profile) -> float:
        """Joules of everything an arm needed."""
        own = self.learning(learnt.steps[-1], len(learnt.steps), profile)
        return own + (self.review(found, profile) if arm.reviewed else 0.0)


def _counts(model: nn.Module, pairs: Pairs, places: list[torch.Tensor]) -> Counts:
    return add_up(count_module(model, pairs.pick(place)[0]) for place in places)
