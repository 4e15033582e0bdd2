"""Curves: validation over the steps, and what the buckets hold where that is known."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

import torch
from torch import Tensor

from picojoule.data.language.relations.generating import Generated
from picojoule.recipes.curriculum_re.bench import Bench
from picojoule.recipes.curriculum_re.conditions import BASELINE, BUCKETS, RANDOM
from picojoule.result import Series
from picojoule.train.curriculum import buckets


def series(bench: Bench, made: Generated | None) -> Iterator[Series]:
    """All of them."""
    yield from _validation(bench)
    if made is not None:
        yield from _buckets(bench, made)


def _validation(bench: Bench) -> Iterator[Series]:
    """Mean over seeds; an arm's epochs end at the same steps in all of them."""
    for arm, found in bench.learnt.items():
        first = next(iter(found.values()))
        yield Series(
            name="validation against steps of learning",
            system=BASELINE if arm is RANDOM else arm.name,
            x=first.steps,
            y=tuple(fmean(scores) for scores in zip(*(each.scores for each in found.values()), strict=True)),
            x_unit="steps",
            y_unit="F1 of validation sentences",
        )


def _buckets(bench: Bench, made: Generated) -> Iterator[Series]:
    wrong, level = torch.tensor(made.wrong).double(), torch.tensor(made.levels).double()
    y = bench.task.train.y
    kinds: dict[str, list[tuple[Tensor, ...]]] = {
        "soft vote": [buckets(each.ease("soft"), BUCKETS, groups=y) for each in bench.reviews.values()],
        "hard vote": [buckets(each.ease("hard"), BUCKETS, groups=y) for each in bench.reviews.values()],
        "soft vote, not stratified": [buckets(each.ease("soft"), BUCKETS) for each in bench.reviews.values()],
    }
    told = {
        "wrong labels in each bucket": ("share of wrong labels", wrong),
        "difficulty of each bucket": ("mean level", level),
        "relations in each bucket": ("share that is a relation", (y != 0).double()),
    }
    for name, (unit, value) in told.items():
        for kind, found in kinds.items():
            means = [fmean(float(value[each[k]].mean()) for each in found) for k in range(BUCKETS)]
            yield Series(
                name=name,
                system=kind,
                x=tuple(range(1, BUCKETS + 1)),
                y=tuple(means),
                x_unit="bucket, the easiest first",
                y_unit=unit,
            )
