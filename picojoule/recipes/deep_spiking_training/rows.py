"""From trained networks to rows and curves."""

from __future__ import annotations

from dataclasses import replace
from statistics import stdev

from torch import nn

from picojoule.cost import profiles
from picojoule.cost.training import dense_training
from picojoule.data.vision import Dataset, Images
from picojoule.measurement import counted, observe, rows_of
from picojoule.metrics import wilson
from picojoule.recipes.deep_spiking_training.conditions import MAIN, PLACE, Condition
from picojoule.recipes.deep_spiking_training.networks import Trained
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION, anns
from picojoule.result import Row, Series

GOAL = 0.9
"""The accuracy to whose first epoch is counted."""
DENSE = (profiles.HOROWITZ_FP32, profiles.HOROWITZ_INT8, profiles.HOROWITZ_FP32_NO_REUSE)
SPIKING = (profiles.HOROWITZ_FP32, profiles.HOROWITZ_FP32_NO_REUSE, profiles.LOIHI)
TRAINING = (profiles.HOROWITZ_FP32, profiles.HOROWITZ_FP32_NO_REUSE)
"""Loihi's prices here are of inference: a change of a synapse is not among them."""


def rows(
    plain: nn.Module, done: dict[Condition, Trained], data: Dataset, test: Images, settings: Settings
) -> tuple[Row, ...]:
    """What answers (ReLUs in fp32, int8 and int4, the deep spiking networks), then what training steps take."""
    networks = map(settings.place, anns(plain, data.train.take(CALIBRATION)))
    seen = [observe(each, test, batch=settings.batch) for each in networks]
    step = dense_training(seen[0].counts)
    steps = {"ann fp32": step, "ann fp32, zeros skipped": step.skipping_zeros()}
    return (
        *(found for each in seen for found in rows_of(each, DENSE)),
        *(_answers(c, found, len(test)) for c, found in done.items()),
        *(counted(f"{name} {_LESSON}", each, TRAINING, hits=None, spiking=False) for name, each in steps.items()),
        *(_lessons(c, found) for c, found in done.items()),
    )


_LESSON = "(a training step)"


def _answers(c: Condition, found: Trained, samples: int) -> Row:
    """Accuracy is the mean over seeds, its interval that of one network on so many samples."""
    metrics: dict[str, float | None] = {
        "accuracy": found.mean[-1],
        "first_epoch_accuracy": found.mean[0],
        f"epochs_to_{100 * GOAL:.0f}_percent": _epochs_to(found.mean),
        "accuracy_deviation_of_seeds": _deviation(found, -1),
    }
    made = counted(
        c.system, found.answers, SPIKING, hits=None, spiking=True, metrics=metrics, seconds=found.seconds_per_answer
    )
    return replace(made, interval={"accuracy": wilson(round(found.mean[-1] * samples), samples)})


def _lessons(c: Condition, found: Trained) -> Row:
    made = counted(f"{c.system} {_LESSON}", found.lessons, TRAINING, hits=None, spiking=True)
    return replace(made, counts={**made.counts, "backward_spikes": found.backward_spikes})


def _epochs_to(mean: tuple[float, ...]) -> int | None:
    """The first epoch, from 1, after which the goal is reached."""
    return next((epoch for epoch, each in enumerate(mean, 1) if each >= GOAL), None)


def _deviation(found: Trained, epoch: int) -> float | None:
    values = [each[epoch] for each in found.scores]
    return stdev(values) if len(values) > 1 else None


def curves(done: dict[Condition, Trained]) -> list[Series]:
    """Test accuracy after every epoch, a line a potential."""
    return [
        Series(
            name="test accuracy against epochs",
            system=c.potential,
            x=tuple(range(1, len(found.mean) + 1)),
            y=found.mean,
            x_unit="epochs",
            y_unit="fraction",
        )
        for c, found in done.items()
    ]


def along_axis(axis: str, along: tuple[Condition, ...], tried: dict[Condition, Trained]) -> list[Series]:
    """Accuracy after the first epoch along an axis of the grid, a line a potential."""
    lines = []
    for potential in MAIN:
        points = sorted((PLACE[axis](c), tried[c].mean[0]) for c in along if c.potential == potential)
        x, y = zip(*points, strict=True)
        name = f"accuracy after one epoch against {axis}"
        lines.append(Series(name=name, system=potential, x=x, y=y, x_unit=axis, y_unit="fraction"))
    return lines
