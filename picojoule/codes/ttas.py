"""Time-to-average-spike coding: a first spike whose time is the value, and a short burst that says it again.

::

    ε(s) = exp(−(s − d)/τ),  θ(s) = θ₀·ε(s)         kernel and threshold of time-to-first-spike coding
    spikes at s*, s*+1, …, min(s*+n, T−1)            s* = min { s : V ≥ θ(s) }
    a spike at s adds C·ε(s)·w to its receivers      C = 1 / Σ_{i=0}^{n} e^{−i/τ}
    x̂ = C·Σ_i ε(s*+i)                                equals ε(s*) where the window does not cut the burst off

What deletion takes from a value is a part of it, not all or nothing. Under deletion with probability p and weights
divided by 1 − p its relative variance is p/(1−p) · Σq^{2i}/(Σq^i)² with q = e^{−1/τ}, where one spike has p/(1−p).

The membrane itself remembers its burst, as that of a neuron which bursts when it is drawn far below zero: the first
spike leaves it at −B(s*+n), below which a floor −B(t) falls step by step; it fires as long as it lies below the floor.

Reference: cite key ``park2021noise``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import ClassVar, final

import numpy as np
from torch import Tensor, from_numpy

from picojoule.codes.base import Code, Contract
from picojoule.codes.ttfs import TTFS
from picojoule.kernels import staircase
from picojoule.neurons import Neuron

_DEEP = 2.0**20
"""By how much B(t) grows in a step: no sum of inputs reaches it, and float32 still tells its multiples apart."""


@final
@dataclass(frozen=True, kw_only=True)
class TTAS(Code):
    """A burst of n + 1 spikes a neuron, or none; the relative error of a value falls as 1/T at T/τ fixed.

    Attributes:
        steps: T, length of the fire window.
        tau: τ, time constant of the kernel in steps; T/4 if None.
        delay: d, shift of the kernel in steps.
        threshold: θ₀; e^(−1/2τ) rounds to the nearest value.
        start: S, steps after the opening of its inputs' window at which a neuron may begin to fire; T if None.
        further: n, spikes that follow the first one, a step each, as far as the window reaches.
    """

    contract: ClassVar[Contract] = Contract(closed="exact", error="1/T", payload="real", spikes=None)
    name: ClassVar[str] = "ttas"
    waits: ClassVar[bool] = True
    cite: ClassVar[tuple[str, ...]] = ("park2021noise", "park2020")
    symbols: ClassVar[dict[str, str]] = {**TTFS.symbols, "further": "n"}

    steps: int = 80
    tau: float | None = None
    delay: float = 0.0
    threshold: float = 1.0
    start: int | None = None
    further: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(
            isinstance(self.further, int) and 0 <= self.further < self.steps,
            f"further={self.further}",
            f"use a whole number from 0 to {self.steps - 1}",
        )
        for field in ("tau", "start"):  # checked, and brought to one form for one code, there
            object.__setattr__(self, field, getattr(self.first, field))

    @property
    def first(self) -> TTFS:
        """The code of the first spike alone."""
        return TTFS(
            steps=self.steps, tau=self.tau, delay=self.delay, threshold=self.threshold, start=self.start
        )  # fmt: skip

    @property
    def share(self) -> float:
        """C, what of a value one spike at its time carries."""
        return 1 / sum(exp(-i / self.first.kernel_tau) for i in range(self.further + 1))

    @property
    def lag(self) -> int | None:
        return self.start

    @property
    def echoes(self) -> int:
        return self.further

    def neuron(self) -> Neuron:
        depth = [_DEEP * (t + 1) for t in range(self.steps + self.further)]
        return Neuron(
            thresholds=self.first.neuron().thresholds,
            resets=tuple(depth[s + self.further] + _DEEP / 2 for s in range(self.steps)),
            keep=0.0,
            floors=tuple(depth[: self.steps]),
            refunds=(0.0,) * self.steps,
        )

    def amplitudes(self) -> tuple[float, ...]:
        levels = [self.share * each for each in self.first.amplitudes()]
        return tuple(np.asarray(levels, np.float32).tolist())

    def debits(self) -> tuple[float, ...]:
        """The spikes behind the first one, which a membrane below its floor fires, are worth as much as the first."""
        return self.amplitudes()

    def injections(self) -> tuple[float, ...]:
        return self.first.injections()

    def bursts(self) -> tuple[float, ...]:
        """x̂ of a burst that begins at step s."""
        amplitudes = self.amplitudes()
        return tuple(sum(amplitudes[s : s + self.further + 1]) for s in range(self.steps))

    def staircase(self) -> staircase.Table:
        return staircase.table(self.neuron().thresholds, self.bursts())

    def value(self, u: Tensor) -> Tensor:
        """x̂ of the burst that begins at the first step at which u ≥ θ(s)."""
        decoded = from_numpy(np.append(self.bursts(), 0.0)).to(u)
        return decoded[staircase.index(u, self.staircase())]
