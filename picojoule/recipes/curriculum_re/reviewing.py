"""Cross-review with this recipe's networks."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from picojoule.base.files import sha256
from picojoule.recipes.curriculum_re.conditions import BUCKETS, Size
from picojoule.recipes.curriculum_re.encoders import Encoder
from picojoule.recipes.curriculum_re.training import Task, loss, options, outputs
from picojoule.train import Shuffled, fit
from picojoule.train.curriculum import Review, Vote, buckets, cross_review


def review(task: Task, encoder: Encoder, size: Size, seed: int, *, folder: Path | None = None) -> Review:
    """What teachers say that each learnt one part of the training sentences, as long as an arm learns all.

    Args:
        task, encoder, size: as for an arm.
        seed: of the parts and the teachers.
        folder: where answers are kept; None keeps none.
    """

    def teach(index: Tensor, seed: int) -> nn.Module:
        mine = task.train.select(index)
        model = encoder.fresh(task.classes, seed)
        source = Shuffled(samples=mine, size=size.teachers_batch(len(mine)), lengths=mine.lengths)
        fit(model, loss, source, epochs=size.epochs, seed=seed, what="a teacher", **options(size))
        return model

    def answer(model: nn.Module, index: Tensor) -> Tensor:
        return outputs(model, task.train.select(index))

    key = f"{encoder.name} {size} {sha256(task.train.x.numpy().tobytes())}"
    return cross_review(task.train.y, teach, answer, parts=size.parts, seed=seed, folder=folder, key=key)


def in_buckets(task: Task, found: Review, seed: int, *, vote: Vote = "soft") -> tuple[Tensor, ...]:
    """The training sentences in buckets, each with its share of every relation.

    Without that the first would be nearly all negative, since to see no relation is easy.
    """
    return buckets(found.ease(vote), BUCKETS, groups=task.train.y, seed=seed)


def everything(task: Task) -> tuple[Tensor, ...]:
    """One bucket, for arms that need no review."""
    return (torch.arange(len(task.train)),)
