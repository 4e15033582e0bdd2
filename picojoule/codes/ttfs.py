"""Time-to-first-spike coding: a value is the time of a single spike; larger values fire earlier.

::

    ε(s) = exp(−(s − d)/τ)                       kernel
    θ(s) = θ₀·ε(s)                               threshold, s = 0 … T−1
    s*   = min { s : V ≥ θ(s) }, none → silent    one spike, then silence
    a spike at s adds ε(s)·w to its receivers

Windows of consecutive layers do not overlap, so V is complete before its neuron may fire and the whole layer is
one dense pass: û = Q(V), a staircase (:mod:`picojoule.kernels.staircase`), exactly equal to the time-stepped
network.

Early firing opens a layer's window S < T steps after that of its inputs. Latency falls to (L−1)·S + T, and a neuron may
fire before its latest (smallest) inputs have arrived, which it then never takes in: an error that no later step mends.

A signed neuron computes α·x below zero (leaky ReLU; the identity with α = 1): one more threshold, and a spike with a
sign. It still fires once::

    s* = min { s : V ≥ θ(s) or V ≤ −θ(s)/α };  a spike below zero adds −ε(s)·w

Reference: cite key ``park2020``; signed neurons are an addition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, inf, nan
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from picojoule.codes.base import Code, Contract
from picojoule.kernels import staircase
from picojoule.neurons import Neuron


@final
@dataclass(frozen=True, kw_only=True)
class TTFS(Code):
    """At most one spike a neuron; the relative error of a value falls as 1/T at T/τ fixed.

    Attributes:
        steps: T, length of the fire window.
        tau: τ, time constant of the kernel in steps; T/4 if None.
        delay: d, shift of the kernel in steps: the largest value carried is e^(d/τ).
        threshold: θ₀. 1 rounds a value down to the next one the kernel has; e^(−1/2τ) rounds to the nearest
            (:meth:`nearest`), which removes the loss of gain of small τ.
        slope: α of values below zero, 0 … 1; 0: no spike below zero. Conversion sets it where a layer needs it.
        start: S, steps after the opening of its inputs' window at which a neuron may begin to fire; T if None.
    """

    contract: ClassVar[Contract] = Contract(closed="exact", error="1/T", payload="real", spikes=1)
    name: ClassVar[str] = "ttfs"
    waits: ClassVar[bool] = True
    cite: ClassVar[tuple[str, ...]] = ("park2020",)
    symbols: ClassVar[dict[str, str]] = {"tau": "τ", "delay": "d", "threshold": "θ₀", "start": "ef S", "slope": "α"}

    steps: int = 80
    tau: float | None = None
    delay: float = 0.0
    threshold: float = 1.0
    start: int | None = None
    slope: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tau == self.steps / 4:
            object.__setattr__(self, "tau", None)  # one form for one code
        if self.start == self.steps:
            object.__setattr__(self, "start", None)
        early = self.start is None or (isinstance(self.start, int) and 0 < self.start < self.steps)
        self._require(early, f"start={self.start}", f"use a whole number from 1 to {self.steps}")
        self._require(self.kernel_tau > 0, f"tau={self.tau}", "use a positive time constant")
        self._require(self.threshold > 0, f"threshold={self.threshold}", "use a positive threshold")
        self._require(0 <= self.slope <= 1, f"slope={self.slope}", "use a slope from 0 to 1")

    @classmethod
    def nearest(cls, *, steps: int, tau: float | None = None, delay: float = 0.0, start: int | None = None) -> TTFS:
        """The code whose threshold θ₀ = e^(−1/2τ) rounds a value to the nearest one instead of down."""
        code = cls(steps=steps, tau=tau, delay=delay)
        return cls(steps=steps, tau=tau, delay=delay, threshold=exp(-1 / (2 * code.kernel_tau)), start=start)

    @property
    def kernel_tau(self) -> float:
        """τ in steps."""
        return self.steps / 4 if self.tau is None else self.tau

    @property
    def lag(self) -> int | None:
        return self.start

    def carrying(self, slope: float) -> TTFS:
        return replace(self, slope=slope)

    def neuron(self) -> Neuron:
        thresholds = self._kernel(self.threshold)
        if not self.slope:
            return Neuron(thresholds=thresholds, resets=(inf,) * self.steps)
        silent = (nan,) * self.steps
        floors = tuple(each / self.slope for each in thresholds)
        return Neuron(thresholds=thresholds, resets=silent, floors=floors, refunds=silent)

    def amplitudes(self) -> tuple[float, ...]:
        return self._kernel(1.0)

    def debits(self) -> tuple[float, ...]:
        return tuple(-each for each in self.amplitudes())

    def _kernel(self, scale: float) -> tuple[float, ...]:
        """scale·ε(s) as float32 numbers, so that every engine and dtype compares with the same table."""
        levels = [scale * exp(-(s - self.delay) / self.kernel_tau) for s in range(self.steps)]
        return tuple(np.asarray(levels, np.float32).tolist())

    def injections(self) -> tuple[float, ...]:
        return (1.0,) + (0.0,) * (self.steps - 1)

    def staircase(self) -> staircase.Table:
        return staircase.table(self.neuron().thresholds, self.amplitudes())

    def value(self, u: Tensor) -> Tensor:
        """Q(u) = ε(s*), the kernel at the first step at which u ≥ θ(s); of a signed neuron −Q(−α·u) below zero."""
        table = self.staircase()
        values = staircase.decode(staircase.index(staircase.magnitude(u, self.slope), table), table, u.dtype)
        return torch.where(u < 0, -values, values) if self.slope else values
