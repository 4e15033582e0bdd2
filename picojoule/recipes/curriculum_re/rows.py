"""The rows: each order of learning twice, by the weights that validation chose and by those after the last step."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean, stdev

from picojoule.cost import Profile, profiles
from picojoule.metrics.resampling import interval, paired_difference
from picojoule.recipes.curriculum_re.bench import Bench
from picojoule.recipes.curriculum_re.conditions import RANDOM, Arm
from picojoule.result import Energy, Row

PROFILES: tuple[Profile, ...] = (profiles.HOROWITZ_FP32,)
_DRAWS = 300


def rows(bench: Bench) -> Iterator[Row]:
    """A row a system. Joules are those of learning, teachers included, for each training sentence."""
    for name, arm, stopped in bench.systems():
        scores = bench.scores(arm, stopped=stopped)
        called = bench.called(arm, stopped=stopped)
        metrics: dict[str, float | None] = {
            "f1": fmean(scores),
            "f1_deviation_of_seeds": stdev(scores) if len(scores) > 1 else None,
            "f1_beside_early-stopped_random": beside_random(bench, arm, stopped=stopped)[0],
            "joules_of_learning": joules(bench, arm, PROFILES[0]),
            "of_which_teachers": _of_teachers(bench, arm),
            "points_per_joule": 100 * fmean(scores) / joules(bench, arm, PROFILES[0]),
        }
        task = bench.task
        sure = interval(called, task.test.y, task.score, classes=task.classes, draws=_DRAWS)
        yield Row(
            system=name,
            metrics=metrics,
            interval={"f1": sure},
            counts={"macs": bench.costs.answer.per_sample("macs")},
            energy=tuple(_energy(bench, arm, each) for each in PROFILES),
        )


def beside_random(bench: Bench, arm: Arm, *, stopped: bool = True) -> tuple[float, float, float]:
    """The difference to early-stopped random order over the same seeds and sentences, and the ends of its interval."""
    task, random = bench.task, bench.called(RANDOM, stopped=True)
    mine = bench.called(arm, stopped=stopped)
    return paired_difference(mine, random, task.test.y, task.score, classes=task.classes, draws=_DRAWS)


def joules(bench: Bench, arm: Arm, profile: Profile) -> float:
    """Of learning, teachers included, on average over seeds."""
    return fmean(
        bench.costs.total(arm, learnt, bench.reviews[seed], profile) for seed, learnt in bench.learnt[arm].items()
    )


def _energy(bench: Bench, arm: Arm, profile: Profile) -> Energy:
    return Energy(profile=profile.name, joules=joules(bench, arm, profile) / len(bench.task.train))


def _of_teachers(bench: Bench, arm: Arm) -> float | None:
    return bench.costs.review(bench.first, PROFILES[0]) if arm.reviewed else None
