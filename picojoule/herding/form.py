"""The settings of a deep spiking network, checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import final

from picojoule.base.errors import InputError
from picojoule.herding.potential import BackwardPotential

UPDATES = ("batch", "smooth", "fractional")
ENGINES = ("auto", "events", "lanes", "collapsed")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What a deep spiking network is and how it learns. The defaults are those of O'Connor and Welling's code.

    Attributes:
        sizes: units of each layer, input and output included.
        steps: T, how often a sample is presented.
        std: of the initial weights N(0, std²); None takes 1/√inputs in each layer.
        rate: η; a sample changes the weights by −(η/T²)·c ⊗ E.
        potential: what backward herders start with.
        update: from the counts (``batch``), from the real-valued sums they stand for (``smooth``), or after every step
            from the counts so far (``fractional``).
        lanes: samples that see the same weights; their updates are added up. ``carry`` keeps a potential for each.
        integer: whole numbers throughout, the weights in units of η/T², so that nothing is multiplied.
        engine: ``events`` (compiled, on the CPU), ``lanes`` (torch, all lanes of a batch at once), ``collapsed`` (no
            time: every herder replaced by the rounding it does in all), or ``auto``, which is ``events`` where it runs.
    """

    sizes: tuple[int, ...]
    steps: int = 10
    std: float | None = 0.01
    rate: float = 0.01
    potential: BackwardPotential = field(default_factory=BackwardPotential.carry)
    update: str = "batch"
    lanes: int = 1
    integer: bool = False
    engine: str = "auto"

    def __post_init__(self) -> None:
        self._require(len(self.sizes) >= 2 and min(self.sizes) >= 1, f"layers of {self.sizes}", "two or more of them")
        self._require(self.steps >= 1 and self.lanes >= 1, f"T={self.steps}, {self.lanes} lanes", "one or more of each")
        self._require(isfinite(self.rate) and self.rate > 0, f"a rate of {self.rate}", "a positive number")
        self._require(
            self.std is None or self.std > 0, f"weights of deviation {self.std}", "a positive number, or None"
        )
        self._require(self.update in UPDATES, f"an update {self.update!r}", f"one of {', '.join(UPDATES)}")
        self._require(self.engine in ENGINES, f"an engine {self.engine!r}", f"one of {', '.join(ENGINES)}")
        self._require(
            self.update != "fractional" or (self.lanes == 1 and self.engine != "collapsed"),
            "fractional updates with lanes or without time",
            "lanes=1 and an engine with steps",
        )
        self._require(
            not self.integer or (self.update != "smooth" and self.quantum % 2 == 0),
            f"whole numbers with {self.update} updates and T²/η = {self.steps**2 / self.rate:g}",
            "counts for updates, and T²/η near an even number",
        )

    def _require(self, fine: bool, what: str, remedy: str) -> None:
        if not fine:
            raise InputError(what, where="Form", remedy=remedy)

    @property
    def quantum(self) -> float:
        """q: 1, or in whole numbers T²/η, in which one count times one error is a change of 1."""
        return round(self.steps**2 / self.rate) if self.integer else 1.0

    @property
    def gain(self) -> float:
        """k of W ← W − k·c ⊗ E, in the units of the weights: η/T², or 1 in whole numbers."""
        return 1 if self.integer else self.rate / self.steps**2

    @property
    def hidden(self) -> int:
        """Hidden units, each of which has a backward potential."""
        return sum(self.sizes[1:-1])
