"""What is compared, and how much of it a mode trains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, final

from picojoule.models.vision.m2former import Design
from picojoule.models.vision.mvit import SIZES, Size


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """A network to be trained.

    Attributes:
        name: the system's, in tables.
        kind: a plain convolutional network, the transformer with its class token's head, or M2Former.
        changes: what differs from the mode's design.
    """

    name: str
    kind: Literal["pyramid", "token", "m2former"] = "m2former"
    changes: tuple[tuple[str, Any], ...] = ()

    def design(self, base: Design) -> Design:
        """The mode's design with the changes; a number of patches is a factor there."""
        changes = dict(self.changes)
        factor = changes.pop("kept", 1)
        return replace(base, **changes, kept=tuple(max(1, round(factor * each)) for each in base.kept))


def _changed(name: str, **changes: Any) -> Arm:
    return Arm(name=f"m2former {name}", changes=tuple(changes.items()))


TOKEN = Arm(name="ann fp32", kind="token")
"""The transformer with the usual head on its class token."""
PYRAMID = Arm(name="cnn fp32", kind="pyramid")
FULL = Arm(name="m2former")
SINGLE = tuple(_changed(f"stage {stage + 1} alone", scales=(stage,)) for stage in range(4))
ORDERED = _changed("ordered", ordered=True, transfer=False)
"""The one whose heads can answer early."""
QUICK = (TOKEN, PYRAMID, SINGLE[3], FULL, ORDERED)
ABLATIONS = (
    *SINGLE[:3],
    _changed("own class tokens", transfer=False),
    _changed("without channel attention", channel=False),
    _changed("without spatial attention", spatial=False),
    _changed("with half the patches", kept=0.5),
    _changed("with twice the patches", kept=2),
    _changed("score norm", score="norm"),
    _changed("score attention", score="attention"),
    _changed("score random", score="random"),
    _changed("flat peaks 0.9", peaks=(0.9,) * 5),
)
"""What the benchmark has beside the others."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How much a mode does.

    Attributes:
        size, pixels, design: of the transformer, of its pictures, and of M2Former on it.
        train, test: generated pictures.
        epochs: of an arm; None where `steps` says it.
        steps: optimiser steps of an arm.
        batch: pictures a step.
        rate, decay, rise: of the optimiser, and the share of the steps in which the rate rises.
        adam: AdamW; else SGD with momentum 0.9, as in the released code.
        arms: what is trained.
    """

    size: Size
    pixels: int
    design: Design
    train: int = 0
    test: int = 0
    epochs: int | None = None
    steps: int | None = None
    batch: int
    rate: float
    decay: float
    rise: float
    adam: bool
    arms: tuple[Arm, ...]

    def passes(self, batches: int) -> int:
        """Epochs of so many batches."""
        return self.epochs if self.epochs is not None else -(-(self.steps or 1) // batches)


SMALL = Design(kept=(27, 9, 3, 1), merge=1, width=128, heads=4)
"""A tenth of the patches of 16², 14 % of 8², a fifth of 4², a quarter of 2²."""
_QUICK = Plan(
    size=SIZES["mini"],
    pixels=64,
    design=SMALL,
    train=1600,
    test=1200,
    epochs=4,
    batch=64,
    rate=1.5e-3,
    decay=0.05,
    rise=0.1,
    adam=True,
    arms=QUICK,
)
PLANS = {
    "smoke": replace(_QUICK, train=32, test=16, epochs=1, batch=16),
    "quick": _QUICK,
    "full": Plan(
        size=SIZES["base"],
        pixels=448,
        design=Design(),
        steps=10_000,
        batch=16,
        rate=0.03,
        decay=0.0,
        rise=0.05,
        adam=False,
        arms=(TOKEN, SINGLE[3], FULL),
    ),
}
"""Quick and smoke: generated creatures. Full: the released code's setting, for listed pictures."""
SURE = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.1)
"""Thresholds of early exit; with the last one nothing leaves early."""
FACTORS = (0.125, 0.25, 0.5, 1.0, 2.0)
"""By which the number of patches of a trained M2Former is changed."""


def fewer(design: Design, limits: tuple[int, ...]) -> Iterator[tuple[float, Design]]:
    """The design with other numbers of patches, where the grids have so many."""
    for factor in FACTORS:
        kept = tuple(max(1, round(factor * each)) for each in design.kept)
        if all(each <= limit for each, limit in zip(kept, limits, strict=True)):
            yield factor, replace(design, kept=kept)
