"""Rate coding: a value is the share of steps with a spike.

::

    v ← v + I(t);  s = [v ≥ θ];  v ← v − r·s;  a spike adds r·w to its receivers

With r = θ and v(0) = θ/2 this is the modern conversion neuron (half-threshold start); with θ = 0.4 and r = 1 it
is the released code of the burst-coding papers, which equals θ = 1 and v(0) = 0.6.

Reference: cite keys ``rueckauer2017``, ``bu2022``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from picojoule.codes.base import Code, Contract
from picojoule.neurons import Neuron, integrate_and_fire


@final
@dataclass(frozen=True, kw_only=True)
class Rate(Code):
    """One spike or none in every step; the error falls as 1/T.

    Attributes:
        steps: T.
        threshold: θ, the potential at which a neuron fires.
        amount: r, what a spike subtracts and carries (also the largest value a neuron can express).
        initial: v(0).
    """

    contract: ClassVar[Contract] = Contract(closed="ideal", error="1/T", payload="binary", spikes=None)
    name: ClassVar[str] = "rate"
    waits: ClassVar[bool] = False
    cite: ClassVar[tuple[str, ...]] = ("rueckauer2017", "bu2022")
    symbols: ClassVar[dict[str, str]] = {"threshold": "θ", "amount": "r", "initial": "v₀"}

    steps: int = 32
    threshold: float = 1.0
    amount: float = 1.0
    initial: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.amount > 0, f"amount={self.amount}", "use a positive amount")
        self._require(
            0 <= self.initial + self.amount - self.threshold < self.amount,
            f"threshold={self.threshold}, amount={self.amount}, initial={self.initial} fires undriven or is in debt",
            "keep threshold − amount ≤ initial < threshold",
        )

    def neuron(self) -> Neuron:
        return integrate_and_fire(self.steps, threshold=self.threshold, reset=self.amount, initial=self.initial)

    def amplitudes(self) -> tuple[float, ...]:
        return (self.amount,) * self.steps

    def injections(self) -> tuple[float, ...]:
        return (1.0,) * self.steps

    def value(self, u: Tensor) -> Tensor:
        """N = clip(⌊(v₀ + r − θ + u·T)/r⌋, 0, T) spikes under a constant drive; û = r·N/T."""
        start = self.initial + self.amount - self.threshold
        spikes = ((start + u * self.steps) / self.amount).floor().clamp(0, self.steps)
        return spikes * self.amount / self.steps

    def staircase(self) -> None:
        return None
