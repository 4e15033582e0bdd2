"""What is tried: codes, noises, and how much of the grid a mode runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, final

from torch import nn

from picojoule.base.progress import track
from picojoule.codes import TTAS, TTFS, Burst, Code, Phase, Rate
from picojoule.conversion import convert
from picojoule.data.vision import Images
from picojoule.ir import Network
from picojoule.measurement.robustness import Scores, scores
from picojoule.noise import Noise
from picojoule.recipes.settings import Settings

TAU, STEPS, THETA = 2.0, 12, 0.8
"""Kernel, window and threshold of the code of the paper's first author for CIFAR-10."""


@final
@dataclass(frozen=True, kw_only=True)
class Coded:
    """A code as it is tried.

    Attributes:
        name: of the system.
        code: what a spike means.
        dense: one pass runs it, so the whole grid is tried.
    """

    name: str
    code: Code
    dense: bool = False

    def network(self, model: nn.Module, calibration: Any) -> Network:
        """The model under the code; its input is a current, which nothing disturbs."""
        return replace(convert(model, calibration, code=self.code, input="analogue"), name=self.name)


def _ttas(further: int) -> Coded:
    code = TTAS(steps=STEPS, tau=TAU, threshold=THETA, further=further)
    return Coded(name=f"ttas({further}) T={STEPS}", code=code, dense=True)


CODED: dict[str, Coded] = {
    "rate": Coded(name="rate T=32", code=Rate(steps=32)),
    "phase": Coded(name="phase T=32", code=Phase(steps=32)),
    "burst": Coded(name="burst T=32", code=Burst(steps=32)),
    "ttfs": Coded(name=f"ttfs T={STEPS}", code=TTFS(steps=STEPS, tau=TAU, threshold=THETA), dense=True),
    "ttas": _ttas(5),
    **{f"ttas {further}": _ttas(further) for further in (1, 2, 3)},
}
"""Every code that is tried; a new one is a line."""
REFERENCE = "rate"
SWEPT = {0: "ttfs", 1: "ttas 1", 2: "ttas 2", 3: "ttas 3", 5: "ttas"}
"""Codes by the number of spikes behind the first, for the sweep."""


@final
@dataclass(frozen=True, kw_only=True)
class Condition:
    """A network by its key, a noise, and whether its weights expect it."""

    system: str
    noise: Noise
    compensated: bool = False


@final
@dataclass(frozen=True, kw_only=True)
class Grid:
    """How much of the grid a mode tries; the dense codes, those in steps.

    Attributes:
        deletions, jitters, weights: levels of each noise.
        few: levels of deletion, and of jitter, for codes in steps.
        seeds, few_seeds: how many.
        samples, few_samples: test samples.
        clean: test samples without noise.
    """

    deletions: tuple[float, ...]
    jitters: tuple[float, ...]
    weights: tuple[float, ...]
    few: tuple[tuple[float, ...], tuple[float, ...]]
    seeds: int
    few_seeds: int
    samples: int
    few_samples: int
    clean: int


_LEVELS = {
    "deletions": (0.1, 0.2, 0.35, 0.5, 0.65, 0.8),
    "jitters": (0.5, 1.0, 1.5, 2.0, 3.0, 4.0),
    "weights": (0.1, 0.2, 0.4),
    "few": ((0.2, 0.5, 0.8), (1.0, 2.0, 4.0)),
}
GRIDS = {
    "smoke": Grid(deletions=(0.5,), jitters=(2.0,), weights=(0.2,), few=((0.5,), (2.0,)), seeds=1, few_seeds=1,
                  samples=4, few_samples=2, clean=4),
    "quick": Grid(**_LEVELS, seeds=5, few_seeds=2, samples=150, few_samples=50, clean=300),
    "full": Grid(**_LEVELS, seeds=5, few_seeds=5, samples=1000, few_samples=1000, clean=10_000),
}  # fmt: skip
DELETED, JITTERED = 0.5, 2.0
"""The levels that rows and claims are about."""


def conditions(grid: Grid) -> Iterator[Condition]:
    """Everything that a mode tries."""
    for name, coded in CODED.items():
        deletions, jitters = (grid.deletions, grid.jitters) if coded.dense else grid.few
        levels = [*(Noise(deletion=each) for each in deletions), *(Noise(jitter=each) for each in jitters)]
        if name in SWEPT.values() and name not in ("ttfs", "ttas"):
            levels = [Noise(deletion=DELETED), Noise(jitter=JITTERED)]
        for noise in levels:
            yield Condition(system=name, noise=noise)
            if noise.deletion or coded.dense:  # the mean of other codes does not suffer from jitter
                yield Condition(system=name, noise=noise, compensated=True)
    for name in ("ann fp32", "ann int8", "ttfs", "ttas"):
        yield from (Condition(system=name, noise=Noise(weights=each)) for each in grid.weights)


def tried(networks: dict[str, Network], test: Images, grid: Grid, settings: Settings) -> dict[Condition, Scores]:
    """The scores of every condition."""
    found = {}
    for condition in track(list(conditions(grid)), "disturbing networks"):
        dense = condition.system not in CODED or CODED[condition.system].dense
        seeds, samples = (grid.seeds, grid.samples) if dense else (grid.few_seeds, grid.few_samples)
        found[condition] = scores(
            networks[condition.system],
            test.take(min(samples, settings.limit or samples)),
            condition.noise,
            seeds=range(settings.seed, settings.seed + seeds),
            compensated=condition.compensated,
            batch=settings.batch,
        )
    return found
