"""What is run in each mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from picojoule.recipes.settings import Settings

PHONES, EPOCHS, IMAGES = 138, 90, 1_281_167
"""The paper's cluster; the usual training on ImageNet."""
PER_PHONE = 32
"""Images of a phone's batch: ours, the paper's is not known."""


@final
@dataclass(frozen=True, kw_only=True)
class Plan:
    """The sizes of a run.

    Attributes:
        sizes: bytes of the all-reduces that are timed.
        repeats: of each of them, and of each layer that is timed.
        networks: names of what is timed on real processes, the first one calibrates.
        batches: images of a process.
        calibrating: the two of these that calibrate.
        rounds: how often everything is timed, one after the other.
        counts: how many phones in the scaling curves.
        side: of the pictures of both networks of the paper, pixels.
        simulated_epochs: of ImageNet, with trouble.
        learnt_batches: global batches of the accuracy table.
        rates: learning rates tried, by optimiser.
        learnt_epochs: of each of these trainings.
        held_out: training images that choose the rate.
        target: accuracy whose time is compared.
    """

    sizes: tuple[int, ...]
    repeats: int
    networks: tuple[str, ...]
    batches: tuple[int, ...]
    calibrating: tuple[int, int]
    rounds: int
    counts: tuple[int, ...]
    side: int
    simulated_epochs: int
    learnt_batches: tuple[int, ...]
    rates: dict[str, tuple[float, ...]]
    learnt_epochs: int
    held_out: int
    target: float = 0.9

    @staticmethod
    def of(settings: Settings) -> Plan:
        """The plan of a mode."""
        return PLANS[settings.mode]


_SIZES = tuple(4 << shift for shift in range(8, 23, 2))
_COUNTS = (1, 2, 4, 8, 16, 24, 30, 48, 64, 96, 138)
_NETWORKS = ("resnet-18", "resnet-34", "mobilenet", "digit-net")

PLANS: dict[str, Plan] = {
    "smoke": Plan(
        sizes=(1024, 1 << 20), repeats=2, networks=("digit-net", "mobilenet"), batches=(2, 4, 6), calibrating=(2, 6),
        rounds=1, counts=(1, 30, 138), side=32, simulated_epochs=1, learnt_batches=(8, 32),
        rates={"sgd": (0.1,), "lars": (10.0,)}, learnt_epochs=1, held_out=16,
    ),
    "quick": Plan(
        sizes=_SIZES, repeats=10, networks=_NETWORKS, batches=(4, 8, 16, 24), calibrating=(4, 16), rounds=5,
        counts=_COUNTS, side=224, simulated_epochs=EPOCHS, learnt_batches=(100, 350, 1000),
        rates={"sgd": (0.02, 0.06, 0.2, 0.6), "lars": (1.0, 3.0, 10.0, 30.0)}, learnt_epochs=15, held_out=500,
    ),
    "full": Plan(
        sizes=_SIZES, repeats=30, networks=_NETWORKS, batches=(4, 8, 16, 24, 32), calibrating=(4, 16), rounds=10,
        counts=_COUNTS, side=224, simulated_epochs=EPOCHS, learnt_batches=(128, 512, 2048, 8192),
        rates={"sgd": (0.02, 0.06, 0.2, 0.6, 2.0), "lars": (3.0, 10.0, 30.0, 100.0, 300.0)}, learnt_epochs=10,
        held_out=5000,
    ),
}  # fmt: skip
"""By mode."""
