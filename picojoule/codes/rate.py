"""Rate coding: a value is the share of steps with a spike.

::

    v ← v + I(t);  s = [v ≥ θ];  v ← v − r·s;  a spike adds r·w to its receivers

With r = θ and v(0) = θ/2 this is the modern conversion neuron (half-threshold start); with θ = 0.4 and r = 1 it
is the released code of the burst-coding papers, which equals θ = 1 and v(0) = 0.6.

Signed neurons compute α·x below zero (leaky ReLU; the identity with α = 1). With an imbalanced threshold a spike of −r
costs 1/α times as much charge; weighted, it is worth α times as much, with the same mean and 1/α times as many spikes::

    imbalanced   s = −1 if v ≤ −θ/α;  v ← v + r/α;  it adds −r·w
    weighted     s = −1 if v ≤ −θ;    v ← v + r;    it adds −α·r·w

Spikes come unevenly: a neuron may have fired on a drive that turns negative later. Corrected, it takes a spike back as
long as more have gone out than back, m > 0, so that what it sends in all follows what it took in in all::

    s = −1 if v < θ − r and m > 0;  v ← v + r;  it adds −r·w;  m ← m + s

It is still wrong by what comes too late to be taken back, at most one spike a step. A drive that is the same in every
step takes nothing back.

Reference: cite keys ``rueckauer2017``, ``bu2022``; signed neurons ``kim2020yolo``; corrected ones ``wang2022``. Their
released code takes back at v ≤ −θ only, which can leave a spike too many for good; the bound θ − r is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, final

import numpy as np
import torch
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
        slope: α of values below zero, 0 … 1; 0: no spike below zero. Conversion sets it where a layer needs it.
        weighted: of two signed neurons the one whose spikes below zero are worth α.
        corrected: neurons take back spikes that came too early. Layers with a slope, whose spikes go both ways as it
            is, do not.
        period: P; more than 1 takes biases and analogue input in at the first step of every P, as behind a phase-coded
            input. Then θ, r and v(0) are shared out over a period: the neuron's own are 1/P of them.
    """

    contract: ClassVar[Contract] = Contract(closed="ideal", error="1/T", payload="binary", spikes=None)
    name: ClassVar[str] = "rate"
    waits: ClassVar[bool] = False
    cite: ClassVar[tuple[str, ...]] = ("rueckauer2017", "bu2022")
    symbols: ClassVar[dict[str, str]] = {"threshold": "θ", "amount": "r", "initial": "v₀", "slope": "α", "period": "P"}

    steps: int = 32
    threshold: float = 1.0
    amount: float = 1.0
    initial: float = 0.5
    slope: float = 0.0
    weighted: bool = False
    corrected: bool = False
    period: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.amount > 0, f"amount={self.amount}", "use a positive amount")
        self._require(
            self.threshold - self.amount <= self.initial < self.threshold,
            f"threshold={self.threshold}, amount={self.amount}, initial={self.initial} fires undriven or is in debt",
            "keep threshold − amount ≤ initial < threshold",
        )
        self._require(0 <= self.slope <= 1, f"slope={self.slope}", "use a slope from 0 to 1")
        self._require_period(self.period)
        self._require(
            self.period == 1 or not self.slope, f"slope={self.slope} with period={self.period}", "use one of the two"
        )
        self._require(not (self.corrected and self.slope), f"slope={self.slope} and corrected", "use one of the two")

    def carrying(self, slope: float) -> Rate:
        return replace(self, slope=slope, corrected=self.corrected and not slope)

    def paced(self, period: int) -> Rate:
        return replace(self, period=period)

    def neuron(self) -> Neuron:
        if not self.slope:
            threshold, amount, start = (each / self.period for each in (self.threshold, self.amount, self.initial))
            plain = integrate_and_fire(self.steps, threshold=threshold, reset=amount, initial=start)
            if not self.corrected:
                return plain
            return replace(plain, corrects=True, floors=(amount - threshold,) * self.steps, refunds=plain.resets)
        worth = 1.0 if self.weighted else self.slope
        return Neuron(
            thresholds=(self.threshold,) * self.steps,
            resets=(self.amount,) * self.steps,
            initial=self.initial,
            floors=(self.threshold / worth,) * self.steps,
            refunds=(self.amount / worth,) * self.steps,
        )

    @property
    def sources(self) -> tuple[str, ...]:
        return (*self.cite, "wang2022") if self.corrected else self.cite

    @property
    def signed(self) -> bool:
        return self.corrected or super().signed

    @property
    def payload(self) -> Literal["binary", "real"]:
        return "real" if self.weighted and 0 < self.slope < 1 else "binary"

    @property
    def below(self) -> float:
        return self.slope if self.weighted and self.slope else 1.0

    def debits(self) -> tuple[float, ...]:
        if self.corrected:
            return tuple(-each for each in self.amplitudes())
        worth = self.slope if self.weighted or not self.slope else 1.0
        return (float(np.float32(-self.amount * worth)),) * self.steps  # so that every engine adds the same number

    def amplitudes(self) -> tuple[float, ...]:
        return (self.amount / self.period,) * self.steps

    def injections(self) -> tuple[float, ...]:
        return self._once_a_period(self.period)

    def value(self, u: Tensor) -> Tensor:
        """N = clip(⌊(v₀ + r − θ + u·T)/r⌋, 0, T) spikes under a constant drive; û = r·N/T."""
        start = self.initial + self.amount - self.threshold
        spikes = ((start + u * self.steps) / self.amount).floor().clamp(0, self.steps)
        return spikes * self.amount / self.steps + self._below(u)

    def _below(self, u: Tensor) -> Tensor | float:
        """N⁻ = clip(⌊(−v₀ − u·T − θ⁻ + r⁻)/r⁻⌋, 0, T − t₁ + 1) spikes below zero of floor θ⁻ and refund r⁻; the first
        at step t₁ = ⌈(θ⁻ + v₀)/−u⌉."""
        if not self.slope:
            return 0.0
        (floor, *_), (refund, *_) = self.neuron().floors, self.neuron().refunds
        charge = -self.initial - u * self.steps - floor + refund
        first = ((floor + self.initial) / -u.clamp(max=-1e-12)).ceil()
        most = (self.steps - first + 1).clamp_min(0)
        return torch.minimum((charge / refund).floor().clamp_min(0), most) * self.debits()[0] / self.steps

    def staircase(self) -> None:
        return None
