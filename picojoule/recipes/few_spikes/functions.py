"""The table of errors and spikes by function, method and K, the curves, and a live run of every published method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np
import torch

from picojoule.base.progress import say
from picojoule.codes.few_spikes import FUNCTIONS, Sequences, fitted, published, quality, target_of
from picojoule.codes.few_spikes.tendency import Training, random_start, tendency, train
from picojoule.recipes.settings import Settings
from picojoule.result import Series

STEPS = (4, 8, 12, 16)
OURS, FS, NOISE, TBPI = "exact (ours)", "FS", "FS + noise", "TBPI"
_EPOCHS = {"smoke": 20, "quick": 2000, "full": 20_000}
_LIVE = {"smoke": (4,), "quick": (8,), "full": STEPS}
_SEEDS = {"smoke": 1, "quick": 3, "full": 8}
_NOISE = 0.1
_DRAWN = 400


@final
class Live(NamedTuple):
    """A run of the published methods for Swish: the errors of the best of some starts, and the path of the first."""

    steps: int
    errors: dict[str, float]
    paths: dict[str, np.ndarray]


def live(settings: Settings) -> list[Live]:
    """Random starts, and from where they end on: without a change, with noise, and from the tendency."""
    found = []
    for steps in _LIVE[settings.mode]:
        runs = []
        for seed in range(settings.seed, settings.seed + _SEEDS[settings.mode]):
            say(f"fitting Swish by the published methods, K={steps}, start {seed}")
            runs.append(_one(steps, np.random.default_rng(seed), _EPOCHS[settings.mode]))
        errors = {name: min(run[name].error for run in runs) for name in (FS, NOISE, TBPI)}
        found.append(Live(steps, errors, {name: each.path for name, each in runs[0].items()}))
    return found


def _one(steps: int, generator: np.random.Generator, epochs: int) -> dict[str, Training]:
    to = target_of("silu")
    first = train(to, random_start(steps, generator), epochs)
    starts = {
        FS: first.sequences,
        NOISE: first.sequences + _NOISE * generator.standard_normal(first.sequences.shape),
        TBPI: np.stack([tendency(each).values for each in first.sequences]),
    }
    second = {name: train(to, start, epochs) for name, start in starts.items()}
    return {
        name: Training(each.sequences, min(first.error, each.error), np.concatenate([first.path, each.path]))
        for name, each in second.items()
    }


def sets(function: str) -> dict[str, dict[int, Sequences]]:
    """The sequences there are for a function, by method and K."""
    known = {OURS: {steps: found for steps in STEPS if (found := fitted(function, steps))}}
    if function == "silu":
        theirs = published()
        for method, name in ((FS, "pretrained"), (TBPI, "tbpi")):
            known[method] = {steps: theirs[f"{name} {steps}"] for steps in STEPS if f"{name} {steps}" in theirs}
    return known


def series(runs: list[Live]) -> Iterator[Series]:
    """Errors and spikes against K of every function; curves of Swish at K = 8; errors of the live runs by epoch."""
    for function in FUNCTIONS:
        compute, low, high = FUNCTIONS[function]
        for method, by_steps in sets(function).items():
            found = {steps: quality(each, compute, low, high, points=20_000) for steps, each in by_steps.items()}
            x = tuple(found)
            yield _curve(f"error of {function}", method, x, [each.error for each in found.values()], "squared error")
            yield _curve(f"spikes of {function}", method, x, [each.spikes for each in found.values()], "spikes")
    yield from _drawn()
    for run in runs:
        for method, path in run.paths.items():
            every = max(1, len(path) // _DRAWN)
            at = tuple(range(1, len(path) + 1, every))
            yield _curve(f"live fit of Swish, K={run.steps}", method, at, path[::every], "squared error", "epochs")


def _drawn() -> Iterator[Series]:
    compute, low, high = FUNCTIONS["silu"]
    x = torch.linspace(low, high, _DRAWN, dtype=torch.float64)
    systems = {"Swish": compute, **{method: by_steps[8] for method, by_steps in sets("silu").items()}}
    for name, each in systems.items():
        yield _curve("Swish by neurons of K=8", name, tuple(x.tolist()), each(x).tolist(), "y", "x")


def _curve(name: str, system: str, x: tuple, y: object, unit: str, x_unit: str = "steps") -> Series:
    return Series(name=name, system=system, x=x, y=tuple(map(float, y)), x_unit=x_unit, y_unit=unit)  # type: ignore[call-overload]
