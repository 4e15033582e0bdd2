"""What is searched, trained and compared, by mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from picojoule.models.spiking import LAYOUT
from picojoule.models.spiking.blocks import RELEASED, SPIKING, Fabric
from picojoule.models.spiking.macro import Architecture

LAMBDA = -0.08
"""λ of the paper's search."""
SWEEP = (0.0, -0.04, LAMBDA, -0.16, -0.24, -0.48)
"""λ for the curve of winners."""
HANDMADE = ("SCB3", "SRB3", "SRB5")
"""The block that stands at every position of a hand-made baseline: plain and residual networks."""
STUDIED = "SCB3"
"""The block that stands at every position in the study of macro designs."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Design:
    """A macro design of the study."""

    name: str
    down: Literal["max", "strided", "average"] = "max"
    whole: bool = False
    averaging: Literal["released", "bare", "undecayed", "lowered"] = "released"

    @property
    def silent(self) -> bool:
        """Whether neurons follow an average that cannot make them fire."""
        return (self.whole or self.down == "average") and self.averaging == "released"


MAXIMUM = Design(name="maximum")
STRIDED = Design(name="strided", down="strided")
AVERAGING = ("released", "bare", "undecayed", "lowered")
AVERAGED = tuple(Design(name=f"average, {each}", down="average", averaging=each) for each in AVERAGING)
WHOLE = tuple(Design(name=f"global, {each}", whole=True, averaging=each) for each in AVERAGING)
DESIGNS = (MAXIMUM, STRIDED, *AVERAGED, *WHOLE)
"""SNN_1, SNN_3, SNN_4 and SNN_2 of the paper, the averages in four ways."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How much a mode does.

    Attributes:
        channels, steps, layout, fabric: of the macro space.
        side: digits are averaged down to so many pixels; None leaves pictures as they are.
        samples: of training, at most.
        supernet, retrain, study: epochs.
        batch, rate: of training, with Adam.
        validation: share of training samples that networks are scored on.
        calibration: samples that batch norms take their statistics of.
        alone: networks that are also evaluated path by path.
        budget: evaluations of a search.
        seeds, seeds_tpe: searches of each searcher.
        repeats: seeds of a network that is trained anew.
    """

    channels: int
    steps: int
    layout: tuple[int | str, ...]
    fabric: Fabric
    side: int | None
    samples: int | None
    supernet: int
    retrain: int
    study: int
    batch: int
    rate: float
    validation: float
    calibration: int
    alone: int
    budget: int
    seeds: int
    seeds_tpe: int
    repeats: int


_FOUR: tuple[int | str, ...] = (1, "down", 2, 2, "down", 4)
"""Four positions: 625 networks. Digits are halved twice, which leaves 3×3; the paper's pictures thrice, to 4×4."""
_TWO: tuple[int | str, ...] = (1, "down", 2, "down")
SIZES = {
    "smoke": Size(
        channels=2, steps=2, layout=_TWO, fabric=SPIKING, side=14, samples=None,
        supernet=2, retrain=5, study=1, batch=20, rate=1e-2, validation=0.2, calibration=16,
        alone=2, budget=10, seeds=3, seeds_tpe=1, repeats=1,
    ),
    "quick": Size(
        channels=8, steps=4, layout=_FOUR, fabric=SPIKING, side=14, samples=1500,
        supernet=30, retrain=8, study=4, batch=50, rate=1e-2, validation=0.2, calibration=100,
        alone=25, budget=80, seeds=200, seeds_tpe=50, repeats=2,
    ),
    "full": Size(
        channels=16, steps=8, layout=LAYOUT, fabric=RELEASED, side=None, samples=None,
        supernet=600, retrain=600, study=200, batch=96, rate=1e-3, validation=0.2, calibration=500,
        alone=25, budget=400, seeds=200, seeds_tpe=200, repeats=1,
    ),
}  # fmt: skip
"""The full mode is the paper's search: C = 16, T = 8, 600 epochs, batches of 96, 3,125 networks."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Entrant:
    """A network that is trained anew: a name and its architecture."""

    name: str
    architecture: Architecture
