"""Phase coding: the weight of a spike is a power of two set by a global clock.

::

    θ(t) = v_th · 2^−(1 + t mod K);   a spike subtracts and carries θ(t)

One period of K steps carries K bits. Biases and analogue input enter at the first step of every period; what a
period could not carry stays in the membrane for the next one.

Reference: cite key ``kim2018``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from picojoule.codes.base import Code, Contract
from picojoule.neurons import Neuron


@final
@dataclass(frozen=True, kw_only=True)
class Phase(Code):
    """Binary-weighted spikes; within a period every step halves the error.

    Attributes:
        steps: T, a multiple of the period.
        period: K, bits of a period.
        threshold: v_th, twice the weight of the first spike of a period.
        initial: v(0).
    """

    contract: ClassVar[Contract] = Contract(closed="ideal", error="2^-T", payload="power_of_two", spikes=None)
    name: ClassVar[str] = "phase"
    waits: ClassVar[bool] = False
    cite: ClassVar[tuple[str, ...]] = ("kim2018",)
    symbols: ClassVar[dict[str, str]] = {"period": "K", "threshold": "θ", "initial": "v₀"}

    steps: int = 64
    period: int = 8
    threshold: float = 1.0
    initial: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_period(self.period)
        self._require(self.threshold > 0, f"threshold={self.threshold}", "use a positive threshold")
        self._require(
            0 <= self.initial < self.threshold * 2.0**-self.period,
            f"initial={self.initial}",
            "start below the weight of a period's last spike",
        )

    def neuron(self) -> Neuron:
        return Neuron(thresholds=self.amplitudes(), resets=self.amplitudes(), initial=self.initial)

    def amplitudes(self) -> tuple[float, ...]:
        return tuple(self.threshold * 2.0 ** -(1 + t % self.period) for t in range(self.steps))

    def injections(self) -> tuple[float, ...]:
        return self._once_a_period(self.period)

    def value(self, u: Tensor) -> Tensor:
        """n periods carry min(n·(2^K − 1), ⌊(v₀ + n·u)·2^K/v_th⌋) quanta of v_th·2^−K under a constant drive."""
        periods = self.steps // self.period
        quantum = self.threshold * 2.0**-self.period
        quanta = ((self.initial + u * periods) / quantum).floor().clamp(0, periods * (2**self.period - 1))
        return quanta * quantum / periods

    def staircase(self) -> None:
        return None
