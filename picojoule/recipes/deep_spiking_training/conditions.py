"""What is compared: backward potentials, and the settings they are tried under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

from picojoule.data.vision import Dataset
from picojoule.herding import BackwardPotential, Form

POTENTIALS: dict[str, BackwardPotential] = {
    "zero": BackwardPotential.zero(),
    "carry": BackwardPotential.carry(),
    "leaky carry κ=½": BackwardPotential.leaky_carry(0.5),
    "uniform ½": BackwardPotential.uniform(0.5),
    "uniform ¼": BackwardPotential.uniform(0.25),
    "normal 0.29": BackwardPotential.normal(0.29),
    "schedule ½·0.8^e": BackwardPotential.schedule(0.5, 0.8),
}
"""What is compared. ``carry`` is the default of O'Connor and Welling's code."""
MAIN = ("zero", "carry", "uniform ½")
"""Those that every condition is tried with."""
PUBLISHED = 0.01
"""Deviation of the initial weights in O'Connor and Welling's code."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """What a network is trained with: potential, widths of the hidden layers, deviation of its weights, T."""

    potential: str
    hidden: tuple[int, ...] = (200, 200)
    std: float | None = PUBLISHED
    steps: int = 10

    def form(self, data: Dataset) -> Form:
        """The settings of the network."""
        sizes = (data.train.images[0].numel(), *self.hidden, data.classes)
        return Form(sizes=sizes, std=self.std, steps=self.steps, potential=POTENTIALS[self.potential])

    @property
    def system(self) -> str:
        """Its name in tables."""
        return f"herding T={self.steps} {self.potential}"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """How much of the grid a mode tries.

    Attributes:
        seeds: networks of each condition.
        epochs: of the main condition under every potential.
        short: epochs of the others.
        hidden: widths of the hidden layers.
    """

    seeds: int
    epochs: int
    short: int
    hidden: tuple[int, ...]


GRIDS = {
    "smoke": Grid(seeds=1, epochs=1, short=1, hidden=(20, 20)),
    "quick": Grid(seeds=3, epochs=6, short=1, hidden=(200, 200)),
    "full": Grid(seeds=3, epochs=20, short=4, hidden=(200, 200)),
}


def axes(centre: Condition) -> dict[str, tuple[Condition, ...]]:
    """The grid's other axes: one setting changes, every potential of `MAIN` is tried.

    Depth and T change at weights of deviation 1/√inputs, at which every potential learns.
    """
    wide = replace(centre, std=None)
    width = centre.hidden[0]
    return {
        "deviation of the initial weights": tuple(
            replace(centre, potential=p, std=std) for std in (0.01, 0.02, 0.05) for p in MAIN
        ),
        "hidden layers": tuple(replace(wide, potential=p, hidden=(width,) * n) for n in (1, 2, 3) for p in MAIN),
        "T": tuple(replace(wide, potential=p, steps=steps) for steps in (5, 10, 20) for p in MAIN),
    }


PLACE: dict[str, Callable[[Condition], float]] = {
    "deviation of the initial weights": lambda c: c.std or 0.0,
    "hidden layers": lambda c: len(c.hidden),
    "T": lambda c: c.steps,
}
"""Where a condition is on each axis."""
