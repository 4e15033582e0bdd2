"""Rate coding with two thresholds, one after the other: small spikes at first, so that weak neurons are heard early.

::

    v ← v + I(t);  s = [v ≥ θ(t)];  v ← v − θ(t)·s;  a spike adds θ(t)·w        θ(t) = θ_A for t < t_AB, then θ_B

A value is θ_A·N_A + θ_B·N_B over T, whatever the thresholds are; what a neuron could not send in the first phase is in
its potential for the second, up to (θ_A·t_AB + θ_B·(T − t_AB))/T in all. Thresholds are powers of two, so a receiver
shifts. Values below zero as in :mod:`picojoule.codes.rate`, imbalanced.

Reference: cite key ``kim2021yolo``. How its thresholds enter the weights is not known to us; that a spike carries its
threshold is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import frexp
from typing import ClassVar, final

from torch import Tensor, where

from picojoule.codes.base import Code, Contract
from picojoule.neurons import Neuron, scan


@final
@dataclass(frozen=True, kw_only=True)
class TwoPhase(Code):
    """Rate coding whose threshold changes once.

    Attributes:
        steps: T.
        switch: t_AB, the first step of the second phase.
        early: θ_A, a power of two.
        late: θ_B, a power of two, at most 1.
        initial: v(0) as a share of the smaller threshold.
        slope: α of values below zero, 0 … 1; conversion sets it where a layer needs it.
    """

    contract: ClassVar[Contract] = Contract(
        closed="none", error="1/T", payload="power_of_two", spikes=None, monotone="within a spike"
    )
    name: ClassVar[str] = "two-phase"
    waits: ClassVar[bool] = False
    cite: ClassVar[tuple[str, ...]] = ("kim2021yolo",)
    symbols: ClassVar[dict[str, str]] = {"switch": "t", "early": "θA", "late": "θB", "initial": "v₀", "slope": "α"}

    steps: int = 32
    switch: int = 8
    early: float = 0.5
    late: float = 1.0
    initial: float = 0.5
    slope: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(0 <= self.switch <= self.steps, f"switch={self.switch}", f"use a step from 0 to {self.steps}")
        for name in ("early", "late"):
            value = getattr(self, name)
            self._require(value > 0 and frexp(value)[0] == 0.5, f"{name}={value}", "use a power of two")
        self._require(self.late <= 1, f"late={self.late}", "use 1 or less")
        self._require(0 <= self.initial < 1, f"initial={self.initial}", "use a share from 0 to below 1")
        self._require(0 <= self.slope <= 1, f"slope={self.slope}", "use a slope from 0 to 1")

    def carrying(self, slope: float) -> TwoPhase:
        return replace(self, slope=slope)

    def neuron(self) -> Neuron:
        table = self.amplitudes()
        below = tuple(each / self.slope for each in table) if self.slope else ()
        start = self.initial * min(self.early, self.late)
        return Neuron(thresholds=table, resets=table, initial=start, floors=below, refunds=below)

    def debits(self) -> tuple[float, ...]:
        return tuple(-each if self.slope else 0.0 for each in self.amplitudes())

    def amplitudes(self) -> tuple[float, ...]:
        return (self.early,) * self.switch + (self.late,) * (self.steps - self.switch)

    def injections(self) -> tuple[float, ...]:
        return (1.0,) * self.steps

    def value(self, u: Tensor) -> Tensor:
        """What the spikes under a constant drive carry, found by stepping the neuron."""
        spikes = scan(self.neuron(), u.expand(self.steps, *u.shape))[0].to(u.dtype)
        worth = u.new_tensor(self.amplitudes()).view(-1, *[1] * u.dim())
        return where(spikes != 0, worth * spikes.sign(), spikes).sum(0) / self.steps

    def staircase(self) -> None:
        return None
