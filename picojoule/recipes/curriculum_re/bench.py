"""Everything that was learnt: the arms of every seed, and what teachers said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from torch import Tensor

from picojoule.base.progress import say
from picojoule.recipes.curriculum_re.conditions import BASELINE, RANDOM, Arm, Size
from picojoule.recipes.curriculum_re.costs import Costs
from picojoule.recipes.curriculum_re.encoders import Encoder
from picojoule.recipes.curriculum_re.reviewing import everything, in_buckets, review
from picojoule.recipes.curriculum_re.training import Learnt, Task, learn
from picojoule.train.curriculum import Review


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """What was learnt.

    Attributes:
        task, size: on what, and how long.
        costs: of the network.
        reviews: by seed.
        learnt: by arm, then by seed.
    """

    task: Task
    size: Size
    costs: Costs
    reviews: dict[int, Review]
    learnt: dict[Arm, dict[int, Learnt]]

    @staticmethod
    def of(task: Task, encoder: Encoder, size: Size, seed: int, folder: Path | None) -> Bench:
        """Review and learn; what is in `folder` is not done again."""
        reviews: dict[int, Review] = {}
        learnt: dict[Arm, dict[int, Learnt]] = {arm: {} for arm in size.arms}
        for each in range(seed, seed + size.seeds):
            say(f"teachers of seed {each}")
            reviews[each] = review(task, encoder, size, each, folder=folder)
            parts = in_buckets(task, reviews[each], each)
            for arm in size.arms:
                say(f"{arm.name}, seed {each}")
                kept = folder / f"{arm.name.replace(' ', '-')}-{each}" if folder else None
                given = parts if arm.reviewed else everything(task)
                learnt[arm][each] = learn(arm, task, encoder, given, size, each, folder=kept)
        costs = Costs.of(encoder.fresh(task.classes, seed).cpu(), task, size)
        return Bench(task=task, size=size, costs=costs, reviews=reviews, learnt=learnt)

    def systems(self) -> list[tuple[str, Arm, bool]]:
        """(name, arm, early-stopped) of every row; the baseline first."""
        found = [
            (arm.stopped if stopped else arm.name, arm, stopped) for arm in self.learnt for stopped in (True, False)
        ]
        assert found[0] == (BASELINE, RANDOM, True)
        return found

    def called(self, arm: Arm, *, stopped: bool) -> Tensor:
        """What test sentences are called, ``[seeds, n]``."""
        return torch.stack([each.stopped if stopped else each.last for each in self.learnt[arm].values()])

    def scores(self, arm: Arm, *, stopped: bool) -> Sequence[float]:
        """Test score of each seed."""
        return [self.task.of(self.task.test, each) for each in self.called(arm, stopped=stopped)]

    @property
    def first(self) -> Review:
        """The review of the first seed."""
        return next(iter(self.reviews.values()))
