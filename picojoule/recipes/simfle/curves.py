"""The label-efficiency curve, accuracy against the joules of training, and where masks look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from picojoule.recipes.simfle.plan import FULL, Condition
from picojoule.recipes.simfle.probing import Judged
from picojoule.recipes.simfle.rows import joules
from picojoule.result import Series


def series(probed: Mapping[Condition, Judged], scratch: Judged, tuned: Judged) -> Iterator[Series]:
    """A line a system."""
    for each in (scratch, *probed.values(), tuned):
        given = {"system": each.name, "y": tuple(point.accuracy for point in each.points), "y_unit": "accuracy"}
        yield Series(name="accuracy by labels", x=tuple(p.labels for p in each.points), x_unit="labels", **given)
        yield Series(
            name="accuracy by joules of training",
            x=tuple(joules(point) for point in each.points),
            x_unit="joules of pre-training and training, computed",
            **given,
        )
    for each in probed.values():
        if each.landmarks is not None and each.landmarks.groups:
            yield from _shares(each.name, tuple(sorted(each.landmarks.groups, reverse=True)))
    marks = probed[FULL].landmarks
    if marks is not None:
        yield from _shares("any patch", (marks.chance,) * len(marks.groups))


def _shares(system: str, y: tuple[float, ...]) -> Iterator[Series]:
    yield Series(
        name="kept patches that hold a landmark, by group",
        system=system,
        x=tuple(range(1, len(y) + 1)),
        y=y,
        x_unit="group, the best first",
        y_unit="share",
    )
