"""What is compared: measures, formats, and how much of it each mode trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from picojoule.models.memory import Arithmetic, Float, Quantised
from picojoule.models.memory.counting import BINARY, BINARY_HAMMING, HAMMING8, INT8, MQ8, Width
from picojoule.quant import Fixed
from picojoule.train.lanes import Recipe

BITS = 8
IWLS = (1, 2, 3, 4, 5, 6)


@final
@dataclass(frozen=True, kw_only=True)
class System:
    """One way to compute; its name is followed by its format.

    Attributes:
        name: in tables, without the format.
        measure: of similarity.
        width: what it is priced as.
        control: memory-controller quantisation control.
        binary: weights of ±1.
    """

    name: str
    measure: str
    width: Width
    control: bool = False
    binary: bool = False

    def arithmetic(self, lanes: tuple[Fixed, ...]) -> Arithmetic:
        """It, with a format for each lane."""
        return Quantised(lanes=lanes, measure=self.measure, control=self.control, binary_weights=self.binary)


FLOAT = Float()
DOT = System(name="dot int8", measure="dot", width=INT8)
HAMMING = System(name="hamming int8", measure="hamming", width=HAMMING8)
COSINE = System(name="cosine int8", measure="cosine", width=INT8)
SWEPT = (DOT, HAMMING, COSINE)
CONTROLLED = System(name="hamming+mq int8", measure="hamming", width=MQ8, control=True)
BINARIES = (
    System(name="dot binary", measure="dot", width=BINARY, binary=True),
    System(name="hamming binary", measure="hamming", width=BINARY_HAMMING, binary=True),
)
"""Binary embeddings and H; activations in eight bits. What the paper has in eight bits there could not be read."""


LAST = ", last weights"
"""Follows the name of a system without early stopping."""


def format_of(iwl: int) -> Fixed:
    """The format of eight bits with so many before the point."""
    return Fixed(iwl=iwl, frac=BITS - 1 - iwl)


@final
@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much a mode trains.

    Attributes:
        tasks: of the twenty.
        questions, tests: of each.
        restarts: of each system in each format.
        recipe: of training.
        embedding: E.
        iwls: formats of the sweep.
    """

    tasks: tuple[int, ...]
    questions: int
    tests: int
    restarts: int
    recipe: Recipe
    embedding: int
    iwls: tuple[int, ...] = IWLS


PLANS: dict[str, Plan] = {
    "smoke": Plan(
        tasks=(1,), questions=100, tests=50, restarts=1, recipe=Recipe(epochs=2, halve=1), embedding=16, iwls=(2, 3),
    ),
    "quick": Plan(
        tasks=(1, 12, 15), questions=1000, tests=1000, restarts=2, recipe=Recipe(epochs=60, halve=40), embedding=32,
        iwls=(1, 2, 3, 4, 5),
    ),
    "full": Plan(
        tasks=tuple(range(1, 21)), questions=10_000, tests=1000, restarts=10, recipe=Recipe(epochs=100), embedding=60,
    ),
}  # fmt: skip
"""By mode."""
