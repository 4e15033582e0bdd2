"""What is compared, and how much of it each mode trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import final

from torch import nn

from picojoule.models.language.pointing import (
    BACKWARD,
    FORWARD,
    UNION,
    DualPointer,
    Form,
    PairsApart,
    PairsTogether,
    Rule,
)
from picojoule.recipes.settings import Settings
from picojoule.train.linking import Settings as Teaching

POINTERS, BLIND, PLACED, MANY = "pointers", "pointers without context", "placed pointers", "placed many"
APART, TOGETHER = "pairs apart", "pairs together"
NETWORKS: dict[str, Callable[[Form], nn.Module]] = {
    APART: PairsApart,
    TOGETHER: PairsTogether,
    POINTERS: DualPointer,
    BLIND: partial(DualPointer, context=False),
    PLACED: partial(DualPointer, placed=True),
    MANY: partial(DualPointer, placed=True, many=True),
}
"""What is trained, by name. The pointers are those of the released code; *placed* is our extension of them."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """A network and what is read from it.

    Attributes:
        name: in tables.
        network: one of :data:`NETWORKS`.
        rule: which of its links are taken.
        options: also one label for a pair, no relation to itself, and types as in the training sentences.
        bits: of the weights.
    """

    name: str
    network: str
    rule: Rule = UNION
    options: bool = False
    bits: int = 32


BASELINE = System(name="ann fp32 (pairs apart)", network=APART)
SHARED = System(name="pairs together", network=TOGETHER)
DUAL = System(name="pointers union", network=POINTERS)
OBJECTS = System(name="pointers forward", network=POINTERS, rule=FORWARD)
SUBJECTS = System(name="pointers backward", network=POINTERS, rule=BACKWARD)
WITHOUT = System(name="pointers without context", network=BLIND)
IN_PLACE = System(name="placed union", network=PLACED)
PLACED_OBJECTS = System(name="placed forward", network=PLACED, rule=FORWARD)
PLACED_SUBJECTS = System(name="placed backward", network=PLACED, rule=BACKWARD)
OPTIONS = System(name="placed union, options", network=PLACED, options=True)
EIGHT = System(name="placed union, int8 weights", network=PLACED, bits=8)
SEVERAL = System(name="placed many", network=MANY)
SYSTEMS = (
    BASELINE, SHARED, DUAL, OBJECTS, SUBJECTS, WITHOUT, IN_PLACE, PLACED_OBJECTS, PLACED_SUBJECTS, OPTIONS, EIGHT,
    SEVERAL,
)  # fmt: skip


@final
@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much a mode does.

    Attributes:
        train, valid, test: generated sentences; of the last so many at each ρ.
        sharing: ρ of the generated test sentences.
        seeds: of every network.
        teaching: of all networks alike, but for pairs apart, which get fewer epochs: they see n(n−1) pairs a sentence.
        apart: epochs of those.
        sizes: of the networks, and what they leave out in training.
        entities: numbers of entities at which work is counted and timed.
        counted: test sentences whose work is counted for the rows.
    """

    train: int
    valid: int
    test: int
    sharing: tuple[float, ...]
    seeds: int
    teaching: Teaching
    apart: int
    sizes: dict[str, int | float]
    entities: tuple[int, ...]
    counted: int = 30

    def taught(self, network: str) -> Teaching:
        """How a network is taught."""
        return replace(self.teaching, epochs=self.apart) if network == APART else self.teaching


_LITTLE = {"dropout": 0.1, "forget": 0.1}
SMALL = _LITTLE | {
    "word": 32, "letter": 8, "type": 8, "filters": 8, "context": 32, "entity": 64, "heads": 4, "buckets": 2048,
}  # fmt: skip
MIDDLE = {
    "word": 64, "letter": 16, "type": 16, "filters": 16, "context": 64, "entity": 128, "heads": 4, "buckets": 8192,
    "dropout": 0.4, "forget": 0.2,
}  # fmt: skip
"""For a thousand real sentences."""
_TINY = SMALL | {"context": 8, "entity": 16, "heads": 2, "buckets": 256}
PAPERS = {
    "word": 300, "letter": 50, "type": 50, "filters": 100, "context": 256, "entity": 512, "heads": 8, "buckets": 65536,
    "dropout": 0.1, "forget": 0.1,
}  # fmt: skip
"""Sizes of the released code where our form has such a size."""
PLANS: dict[str, Plan] = {
    "smoke": Plan(
        train=32, valid=8, test=8, sharing=(0.0, 1.0), seeds=1, teaching=Teaching(epochs=1), apart=1, sizes=_TINY,
        entities=(2, 4), counted=3,
    ),
    "quick": Plan(
        train=1200, valid=100, test=120, sharing=(0.0, 0.25, 0.5, 0.75, 1.0), seeds=1,
        teaching=Teaching(epochs=7, rate=6e-3, batch=24, none=1.0), apart=3, sizes=SMALL,
        entities=(2, 4, 6, 10, 14, 20), counted=20,
    ),
    "full": Plan(
        train=10_000, valid=1000, test=1000, sharing=(0.0, 0.25, 0.5, 0.75, 1.0), seeds=3,
        teaching=Teaching(epochs=100, rate=1e-3, batch=37, none=0.02), apart=100, sizes=PAPERS,
        entities=(2, 4, 6, 8, 10, 14, 20),
    ),
}  # fmt: skip
"""By mode."""
GIVEN = Plan(
    train=0, valid=0, test=0, sharing=(), seeds=1, teaching=Teaching(epochs=20, rate=2e-3, batch=32, none=0.3), apart=6,
    sizes=MIDDLE, entities=(2, 4, 6, 8, 10, 14, 20),
)  # fmt: skip
"""The quick mode on data that was given."""


def plan_of(settings: Settings) -> Plan:
    """What a run does."""
    return GIVEN if settings.mode == "quick" and settings.data is not None else PLANS[settings.mode]
