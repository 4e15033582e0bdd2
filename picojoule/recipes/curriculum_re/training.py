"""One arm learnt: its weights after the last step, and those that validation chose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from picojoule.data.language.relations.encoding import Pairs
from picojoule.metrics.relation_classes import Score, confusion
from picojoule.recipes.curriculum_re.conditions import Arm, Size
from picojoule.recipes.curriculum_re.encoders import Encoder
from picojoule.recipes.curriculum_re.watching import Watch
from picojoule.train import Validation, fit
from picojoule.train.curriculum import Curriculum
from picojoule.train.schedule import linear, warm_up

_ANSWERS = 250
"""Sentences that are answered at a time."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """Sentences as numbers, and what counts as good.

    Attributes:
        classes: relations, the negative one included.
        score: of confusions.
    """

    train: Pairs
    valid: Pairs
    test: Pairs
    classes: int
    score: Score

    def of(self, pairs: Pairs, called: Tensor) -> float:
        """The score of what sentences were called."""
        return self.score(confusion(pairs.y, called, self.classes))


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Learnt:
    """What became of an arm.

    Attributes:
        last, stopped: what the test sentences are called, int64 ``[n]``: after the last step, and by the weights with
            the highest validation score.
        scores: of the validation, one an epoch.
        steps: done after each epoch.
    """

    last: Tensor
    stopped: Tensor
    scores: tuple[float, ...]
    steps: tuple[int, ...]


def steps_of(size: Size, samples: int) -> int:
    """Steps of every arm."""
    return size.epochs * max(1, samples // size.batch)


def learn(
    arm: Arm,
    task: Task,
    encoder: Encoder,
    buckets: tuple[Tensor, ...],
    size: Size,
    seed: int,
    *,
    what: str = "training",
    folder: Path | None = None,
) -> Learnt:
    """Train an arm.

    Args:
        arm: what is visited when.
        task: the sentences; training labels may be wrong.
        encoder: made anew, with the same weights for every arm of a seed.
        buckets: positions of the training sentences, the easiest first.
        size: epochs, batch, rate.
        seed: of weights, order and dropout.
        what: shown in the progress.
        folder: where a training that was killed goes on from; None keeps nothing.
    """
    model = encoder.fresh(task.classes, seed)
    watch = Watch.of(partial(validated, task), folder)
    course = Curriculum(
        samples=task.train,
        buckets=buckets if arm.plan.buckets == len(buckets) else (torch.cat(buckets),),
        plan=arm.plan,
        size=min(size.batch, len(task.train)),
        steps=steps_of(size, len(task.train)),
        lengths=task.train.lengths,
    )
    validation = Validation(score=watch, keep_best=False)
    common = {"epochs": course.epochs, "validation": validation, "seed": seed, "folder": folder, "what": what}
    history = fit(model, loss, course, **common, **options(size))
    last = called(model, task.test)
    model.load_state_dict(watch.best)
    return Learnt(
        last=last,
        stopped=called(model, task.test),
        scores=tuple(watch.scores),
        steps=tuple(epoch.steps for epoch in history.epochs),
    )


def validated(task: Task, model: nn.Module) -> float:
    """The score of a model on the validation sentences."""
    return task.of(task.valid, called(model, task.valid))


def options(size: Size) -> dict[str, Any]:
    """How every network here learns: AdamW, a rate that rises for a tenth of the steps and then falls, clipping."""
    adam = partial(_adamw, lr=size.rate)
    return {"optimiser": adam, "schedule": partial(warm_up, rise=0.1, then=linear), "clip": 1.0}


def _adamw(parameters: Iterable[nn.Parameter], *, lr: float) -> torch.optim.Optimizer:
    learnt = [each for each in parameters if each.requires_grad]
    return torch.optim.AdamW(learnt, lr=lr, weight_decay=0.01, fused=True)


def loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy."""
    return cross_entropy(model(x), y)


def outputs(model: nn.Module, pairs: Pairs) -> Tensor:
    """Outputs ``[n, classes]`` of a model in evaluation mode, in the order of the sentences."""
    training = model.training
    model.eval()
    device = next(model.parameters()).device
    with torch.no_grad():
        found = pairs.through(lambda x: model(x.to(device)).cpu(), _ANSWERS)
    model.train(training)
    return found


def called(model: nn.Module, pairs: Pairs) -> Tensor:
    """What the sentences are called."""
    return outputs(model, pairs).argmax(1)
