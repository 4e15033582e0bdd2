"""What is run in each mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from picojoule.recipes.settings import Settings
from picojoule.train.rules import Downpour, Elastic, Rule, Synchronous

ALPHA = 0.001
LIVELY = 0.05
"""A larger moving rate of elastic averaging, ours, beside the paper's α."""

RULES: dict[str, Rule] = {
    "synchronous": Synchronous(),
    "downpour": Downpour(),
    "easgd": Elastic(alpha=ALPHA),
    f"easgd-α={LIVELY}": Elastic(alpha=LIVELY),
}
"""Algorithms by the name of their rows."""

COMPARED = ("synchronous", "downpour", "easgd")


@final
@dataclass(frozen=True, kw_only=True)
class Key:
    """One run: algorithm, channels, τ."""

    rule: str
    channels: int
    tau: int

    @property
    def name(self) -> str:
        """Of its row."""
        return f"{self.rule} n={self.channels} τ={self.tau}"


@final
@dataclass(frozen=True, kw_only=True)
class Plan:
    """The sizes of a run.

    Attributes:
        channels, taus, rates: the grid, and the learning rates swept in each of its cells.
        horizon_s: simulated seconds of each cell.
        times: how often accuracy is measured.
        copies: times as many training images, by elastic distortion.
        held_out: training images that choose the learning rate.
        target: accuracy whose time is compared.
        host_pages: pages the host learns from.
        timed_pages: of these, pages on which the real host is timed.
        memory_gb: the host's memory; `data_gb` is what the training data counts as beside it.
    """

    channels: tuple[int, ...]
    taus: tuple[int, ...]
    rates: tuple[float, ...]
    horizon_s: float
    times: int
    copies: int
    held_out: int
    target: float
    host_pages: int
    timed_pages: int
    memory_gb: tuple[float, ...] = (2, 4, 8, 16, 32)
    data_gb: float = 12.0

    @staticmethod
    def of(settings: Settings) -> Plan:
        """The plan of a mode."""
        return PLANS[settings.mode]

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every cell; the larger moving rate at τ = 1 alone."""
        grid = [Key(rule=r, channels=n, tau=t) for r in COMPARED for n in self.channels for t in self.taus]
        lively = [Key(rule=rule, channels=n, tau=1) for rule in RULES if rule not in COMPARED for n in self.channels]
        return tuple(grid + lively)


_RATES = (0.01, 0.03, 0.1, 0.3, 1.0)

PLANS: dict[str, Plan] = {
    "smoke": Plan(
        channels=(2, 4), taus=(1, 4), rates=(0.1, 0.3), horizon_s=0.04, times=6, copies=4, held_out=8, target=0.5,
        host_pages=60, timed_pages=20,
    ),
    "quick": Plan(
        channels=(4, 8, 16), taus=(1, 4, 16, 64), rates=_RATES, horizon_s=1.0, times=50, copies=10, held_out=500,
        target=0.88, host_pages=8000, timed_pages=400,
    ),
    "full": Plan(
        channels=(4, 8, 16), taus=(1, 4, 16, 64), rates=(0.003, *_RATES), horizon_s=10.0, times=100, copies=10,
        held_out=5000, target=0.9, host_pages=80_000, timed_pages=4000,
    ),
}  # fmt: skip
"""By mode."""
