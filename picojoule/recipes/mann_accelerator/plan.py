"""What is run in each mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from picojoule.train.lanes import Recipe

CLOCKS_MHZ = (25, 50, 75, 100)
RHOS = (1.0, 0.99, 0.95, 0.9)
FEW_ANSWERS = 4
"""Tasks with fewer have no order worth looking for."""


@final
@dataclass(frozen=True, kw_only=True)
class Plan:
    """The sizes of a run.

    Attributes:
        tasks: of the twenty.
        questions, tests: of each.
        restarts: lanes; the one best on held-out questions goes into the circuit.
        recipe: of training.
        embedding: E, at most 32.
        timed: questions answered one by one on this machine.
    """

    tasks: tuple[int, ...]
    questions: int
    tests: int
    restarts: int
    recipe: Recipe
    embedding: int = 32
    timed: int = 200


PLANS: dict[str, Plan] = {
    "smoke": Plan(tasks=(1,), questions=100, tests=50, restarts=1, recipe=Recipe(epochs=2), embedding=8, timed=5),
    "quick": Plan(
        tasks=(1, 11, 12, 15), questions=3000, tests=1000, restarts=3, recipe=Recipe(epochs=30, halve=10)
    ),
    "full": Plan(tasks=tuple(range(1, 21)), questions=10_000, tests=1000, restarts=10, recipe=Recipe(epochs=100)),
}  # fmt: skip
"""By mode."""
