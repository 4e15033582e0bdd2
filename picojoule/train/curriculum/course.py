"""A curriculum as batches: what the loop asks for, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.train.curriculum.plans import Plan, Stage
from picojoule.train.source import Labelled, in_batches


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Curriculum:
    """A course for :func:`picojoule.train.fit` and every other trainer that takes a source.

    ::

        course = Curriculum(samples=data, buckets=buckets(ease, 5), plan=annealing(5), size=32, steps=1000)
        fit(model, loss, course, epochs=course.epochs, …)

    The rate's schedule and the optimiser run over all steps, not over those of a stage.

    Attributes:
        samples: what to draw from.
        buckets: positions of the samples in each, the easiest first.
        plan: of as many buckets.
        size: samples in a batch; an incomplete last one of an epoch is left out unless it is the only one.
        lengths: of each sample; shuffled batches are then of like length, so that little is padded.
        steps: in all. The last epoch is cut where they are done.

    Raises:
        InputError: sizes below 1, another number of buckets than the plan's, or an epoch that visits no sample.
    """

    samples: Labelled
    buckets: Sequence[Tensor]
    plan: Plan
    size: int
    steps: int
    lengths: Tensor | None = None

    def __post_init__(self) -> None:
        if min(self.size, self.steps) < 1:
            what = f"{self.steps} batches of {self.size}"
            raise InputError(what, where="Curriculum", remedy="give at least one of each")
        if len(self.buckets) != self.plan.buckets:
            what = f"{len(self.buckets)} buckets for a plan of {self.plan.buckets}"
            raise InputError(what, where="Curriculum", remedy="make as many as the plan has")
        if not all(sum(self._parts(stage)) for stage in (*self.plan.stages, self.plan.after)):
            raise InputError("an epoch without a sample", where="Curriculum", remedy="make fewer buckets")

    @property
    def epochs(self) -> int:
        """Epochs until all steps are done."""
        done = epoch = 0
        while done < self.steps:
            done += self._full(epoch)
            epoch += 1
        return epoch

    def at(self, epoch: int) -> Lesson:
        """The source of an epoch."""
        before = sum(self._full(each) for each in range(epoch))
        length = max(0, min(self._full(epoch), self.steps - before))
        return Lesson(course=self, stage=self.plan.stage(epoch), length=length)

    def _full(self, epoch: int) -> int:
        """Batches of an epoch that is not cut."""
        return max(1, sum(self._parts(self.plan.stage(epoch))) // self.size)

    def _parts(self, stage: Stage) -> list[int]:
        """How many samples of each bucket are visited."""
        return [round(share * len(bucket)) for share, bucket in zip(stage.shares, self.buckets, strict=True)]

    def visits(self, stage: Stage, generator: torch.Generator) -> Tensor:
        """Positions of the samples of a stage, in their order."""
        chosen = []
        for part, bucket in zip(self._parts(stage), self.buckets, strict=True):
            if part < len(bucket):
                kept = torch.randperm(len(bucket), generator=generator)[:part].sort().values
                bucket = bucket[kept]
            chosen.append(bucket)
        places = torch.cat(chosen)
        return places if stage.ordered else places[torch.randperm(len(places), generator=generator)]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """The batches of one epoch of a curriculum."""

    course: Curriculum
    stage: Stage
    length: int

    def __len__(self) -> int:
        return self.length

    def __call__(self, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches (inputs, labels)."""
        course, lengths = self.course, None if self.stage.ordered else self.course.lengths
        for index in in_batches(course.visits(self.stage, generator), course.size, lengths, generator)[: self.length]:
            yield course.samples.pick(index)
