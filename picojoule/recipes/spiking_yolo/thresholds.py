"""Two-phase thresholds, found by a Bayesian search: small spikes first where that pays.

The search is optuna's tree-structured Parzen estimator. For each layer it chooses both thresholds, and one step for all
at which they change::

    J = mean over T of mAP50(T)/mAP50(ANN) − 0.05·log₂(synops / synops of one threshold)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from statistics import fmean
from typing import Any, final

import torch
from torch import Tensor

from picojoule.base.extras import needed
from picojoule.base.progress import say
from picojoule.codes import Code, Rate, TwoPhase
from picojoule.data.vision.detection import Scenes
from picojoule.ir import Fire, Network
from picojoule.models.vision.detection import Head
from picojoule.recipes.spiking_yolo.conditions import DECODERS, spiking
from picojoule.recipes.spiking_yolo.watch import Watched, watch

_COST = 0.05
_EARLY, _LATE, _SWITCH = (-2, -1, 0, 1), (-1, 0), (8, 4, 2)  # of the switch: parts of the steps


@final
@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The thresholds of every layer.

    Attributes:
        early, late: exponents of two, by the name of the ReLU.
        switch: steps of the first phase.
    """

    early: dict[str, int]
    late: dict[str, int]
    switch: int

    def codes(self, steps: int) -> dict[str, Code]:
        """The code of every ReLU."""
        return {
            name: TwoPhase(
                steps=steps, switch=min(self.switch, steps), early=2.0**early, late=2.0 ** self.late[name], initial=0.0
            )
            for name, early in self.early.items()
        }

    def network(self, model: torch.nn.Module, calibration: Tensor, steps: int) -> Network:
        """The model's spiking network with these thresholds, scales per channel."""
        made = spiking(model, calibration, self.codes(steps))
        return made.evolve(made.nodes, name=f"two-phase T={steps} signed channel")

    def __str__(self) -> str:
        told = ", ".join(f"{name} 2^{early} → 2^{self.late[name]}" for name, early in self.early.items())
        return f"{told}; switched after {self.switch} steps"


def search(
    model: torch.nn.Module,
    heads: tuple[Head, ...],
    calibration: Tensor,
    scenes: Scenes,
    scale: Tensor,
    *,
    classes: int,
    steps: int,
    trials: int,
    ann: float,
    seed: int,
) -> Thresholds:
    """The best thresholds of so many trials on training scenes.

    The first three are one threshold of 1 throughout, ½ at first in all layers, and ½ at first in the first half.

    Args:
        model, heads, calibration: the detector, how it is read, and the pictures that set its scales.
        scenes: training pictures to judge on.
        scale: as for :func:`~picojoule.recipes.spiking_yolo.watch.watch`.
        classes: how many.
        steps: T of a trial.
        trials: how many.
        ann: mAP50 of the ANN on these scenes.
        seed: of the search.

    Raises:
        MissingExtra: optuna is not installed.
    """
    optuna = _optuna()
    one = spiking(model, calibration, Rate(steps=steps, initial=0.0))
    names = [fire.name for fire in one.all(Fire)]
    grid = tuple(sorted({max(1, steps // 8), max(1, steps // 4), max(1, steps // 2), steps}))
    common: dict[str, Any] = {"classes": classes, "grid": grid, "scale": scale, "decoders": DECODERS[:1]}
    synops = watch(one, heads, scenes, **common).counts.total("synops")

    def score(trial: Any) -> float:
        done = watch(_of(trial, names, steps).network(model, calibration, steps), heads, scenes, **common)
        return _objective(done, ann, synops)

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    for finer in (0, len(names), len(names) // 2):
        early = {f"early {name}": -1 if place < finer else 0 for place, name in enumerate(names)}
        study.enqueue_trial(early | {f"late {name}": 0 for name in names} | {"switch": _SWITCH[1]})
    study.optimize(score, n_trials=trials)
    best = _of(study.best_trial, names, steps, fixed=True)
    say(f"two-phase thresholds: {best}")
    return best


def _objective(done: Watched, ann: float, synops: int) -> float:
    kept = fmean(done.curve(DECODERS[0]).values()) / max(ann, 1e-9)
    return kept - _COST * log2(max(done.counts.total("synops"), 1) / max(synops, 1))


def _of(trial: Any, names: list[str], steps: int, fixed: bool = False) -> Thresholds:
    """The thresholds a trial asks for, or has had."""

    def choose(name: str, among: tuple[Any, ...]) -> Any:
        return trial.params[name] if fixed else trial.suggest_categorical(name, among)

    return Thresholds(
        early={name: choose(f"early {name}", _EARLY) for name in names},
        late={name: choose(f"late {name}", _LATE) for name in names},
        switch=max(1, steps // choose("switch", _SWITCH)),
    )


def _optuna() -> Any:
    optuna = needed("optuna", extra="search", needed_for="the search for two-phase thresholds")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
