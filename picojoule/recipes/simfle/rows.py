"""The rows: training from scratch, every way to learn without labels, and what a step of each costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from picojoule.cost import Profile, price, profiles
from picojoule.measurement import counted
from picojoule.metrics import wilson
from picojoule.recipes.simfle.plan import Condition
from picojoule.recipes.simfle.probing import Judged, Point
from picojoule.result import Row

PROFILES: tuple[Profile, ...] = (profiles.HOROWITZ_FP32, profiles.HOROWITZ_FP32_NO_REUSE)


def rows(probed: Mapping[Condition, Judged], scratch: Judged, tuned: Judged) -> Iterator[Row]:
    """All systems at all labels; then a picture in a step of learning, for those that learn."""
    systems = [scratch, *probed.values(), tuned]
    yield from map(row, systems)
    for each in systems:
        if each.step is not None:
            name = f"{each.name} (a training step)"
            yield replace(counted(name, each.step, PROFILES, hits=None, spiking=False), layers=())


def row(judged: Judged) -> Row:
    """A system: what it does with a picture, what it is worth, and the joules of its training."""
    hits, tested = int(judged.best.hits.sum()), len(judged.best.hits)
    marks = judged.landmarks
    made = counted(
        judged.name,
        judged.inference,
        PROFILES,
        hits=None,
        spiking=False,
        metrics={
            "accuracy": hits / tested,
            **{f"accuracy_{each.labels}_labels": each.accuracy for each in judged.points[:-1]},
            "neighbours_accuracy": judged.neighbours,
            "actions_r2": judged.actions,
            "landmark_error": judged.distance,
            "landmarks_kept": None if marks is None else marks.mean,
            "landmarks_activated": None if marks is None else marks.activations,
            "feature_deviation": judged.deviation,
            "training_joules": joules(judged.best),
        },
    )
    return replace(made, interval={"accuracy": wilson(hits, tested)}, layers=())


def joules(point: Point) -> float:
    """Of all of a classifier's training: pictures × joules of each, computed."""
    return sum(pictures * price(counts, profiles.HOROWITZ_FP32).joules for pictures, counts in point.training)
