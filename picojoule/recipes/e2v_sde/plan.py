"""How much a mode does, and which networks are trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import final

from torch import nn

from picojoule.data.events.films import Films, digest
from picojoule.models.events import FireNet, LatentSDEReconstructor, e2vid, etnet
from picojoule.recipes.settings import Settings
from picojoule.train.reconstruction import Weights

BINS, PARTS, DECAY = 5, 5, 0.97
"""Bins of a grid; frames of a window where more than one is wanted; λ of the sums of events that all networks see."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """A network and what it learns by.

    Attributes:
        name: in tables.
        make: a fresh one.
        weights: of the loss.
    """

    name: str
    make: Callable[[], nn.Module]
    weights: Weights = field(default_factory=Weights)


SDE = Arm(name="latent-sde", make=partial(LatentSDEReconstructor, BINS, decay=DECAY))
IMAGE = Arm(name="latent-sde image only", make=partial(SDE.make, composition="image"))
E2VID = Arm(name="e2vid-mini", make=partial(e2vid, BINS, 5, (9, 18), decay=DECAY))
FIRENET = Arm(name="firenet-mini", make=partial(FireNet, BINS, 7, DECAY))
ETNET = Arm(
    name="et-net-mini", make=partial(etnet, BINS, 5, (6, 8, 12), width=16, heads=2, encoders=1, decoders=1, decay=DECAY)
)
RIVALS = (E2VID, FIRENET, ETNET)
"""Within a tenth of the latent SDE's MACs a frame."""
ABLATIONS = (
    Arm(name="latent-sde warp only", make=partial(SDE.make, composition="warp")),
    Arm(name="latent-sde without KL", make=SDE.make, weights=Weights(divergence=0.0)),
    Arm(name="latent-ode", make=partial(SDE.make, noisy=False), weights=Weights(divergence=0.0)),
)
LEAKY = "leaky integration"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Sizes of a run.

    Attributes:
        train, side, windows: films to learn from, their size and length.
        epochs, batch, rate: of a training.
        test, test_side, test_windows: films to judge by.
        validation: films to choose by.
        samples: paths of the latent that are averaged.
        seeds: trainings of every network.
        arms: what is trained.
        sensor: height and width at which costs are counted and timed.
        real: photos; noise otherwise.
        video: whether a real video is watched, too.
    """

    train: int
    side: int
    windows: int
    epochs: int
    batch: int = 4
    rate: float = 3e-3
    test: int
    test_side: int = 32
    test_windows: int = 12
    validation: int = 16
    samples: int = 8
    seeds: int = 1
    sensor: tuple[int, int] = (180, 240)
    arms: tuple[Arm, ...] = (SDE, IMAGE, *RIVALS)
    real: bool = True
    video: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Plan:
        """That of a mode."""
        return PLANS[settings.mode]

    def summary(self, settings: Settings, train: Films, test: Films) -> dict[str, str | int]:
        """The entry ``data`` of ``result.json``."""
        kind = "moving-photos" if self.real else "synthetic-films"
        name = f"{kind}-seed{settings.seed}"
        return {"name": name, "train": len(train), "test": len(test), "sha256": digest(train, test)}


PLANS = {
    "smoke": Plan(
        train=4, side=16, windows=4, epochs=1, test=2, test_side=16, test_windows=4, validation=2, samples=2,
        sensor=(32, 32), real=False,
    ),
    "quick": Plan(train=240, side=24, windows=6, epochs=4, test=40, samples=6),
    "full": Plan(
        train=400, side=48, windows=12, epochs=20, batch=8, test=60, test_side=48, test_windows=20, seeds=3,
        arms=(SDE, IMAGE, *RIVALS, *ABLATIONS), video=True,
    ),
}  # fmt: skip
