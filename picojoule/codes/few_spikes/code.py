"""Few-spikes coding: K steps, in which a neuron that has its whole input is a function of it.

::

    v(0) = clip(x, low, high);   s(t) = [v ≥ T(t)];   v ← v − h(t)·s(t);   a spike adds d(t)·w to its receivers

A ReLU needs no fit: its neurons write a value as one binary number, rounded to the nearest::

    h(t) = d(t) = 2^−(1+t);   T(t) = h(t) − 2^−(K+1)

Values below zero (the identity, which carries sums and what islands give) take spikes of both signs. With thresholds
of two thirds a value has few digits that are not zero, about K/3 of K::

    T(t) = T⁻(t) = ⅔·h(t), at last ½·h(K−1)

Leaky ones compare and pay h(t)/α below zero, where they round towards zero.

Any other function has sequences that were fitted to it; :meth:`FewSpikes.computing` fits them to what a layer sees.

Reference: cite keys ``stoeckl2021``, ``jeong2024``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf, log2
from typing import ClassVar, Literal, final

import numpy as np
import torch
from torch import Tensor

from picojoule.codes.base import Code, Contract
from picojoule.codes.few_spikes.fitting import fit
from picojoule.codes.few_spikes.functions import FUNCTIONS
from picojoule.codes.few_spikes.sequences import Sequences
from picojoule.codes.few_spikes.shipped import fitted
from picojoule.kernels import successive
from picojoule.neurons import Neuron


@final
@dataclass(frozen=True, kw_only=True)
class FewSpikes(Code):
    """A few spikes in a window of K steps; with every step the error halves.

    Attributes:
        steps: K.
        slope: α of values below zero, 0 … 1; 0: no spike below zero. Conversion sets it where a layer needs it.
        spike_weight: μ: the squared error that one spike less is worth, in units of the function's mean square, where
            conversion fits a function.
        function: what its neurons compute; conversion sets it, and with it
        thresholds, resets, payloads: T, h and d; those of the ReLU if empty;
        low, high: where potentials saturate.
        largest: 2·h(0) where none are given: the end of the values that are carried.
    """

    contract: ClassVar[Contract] = Contract(closed="exact", error="2^-T", payload="power_of_two", spikes=None)
    name: ClassVar[str] = "few-spikes"
    waits: ClassVar[bool] = True
    computes: ClassVar[bool] = True
    cite: ClassVar[tuple[str, ...]] = ("stoeckl2021", "jeong2024")
    symbols: ClassVar[dict[str, str]] = {"steps": "K", "slope": "α", "spike_weight": "μ"}

    steps: int = 8
    slope: float = 0.0
    spike_weight: float = 0.0
    function: str = "relu"
    thresholds: tuple[float, ...] = ()
    resets: tuple[float, ...] = ()
    payloads: tuple[float, ...] = ()
    low: float = -inf
    high: float = inf
    largest: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.steps <= 24, f"steps={self.steps}", "use at most 24 steps: float32 has no more bits")
        self._require(0 <= self.slope <= 1, f"slope={self.slope}", "use a slope from 0 to 1")
        self._require(self.spike_weight >= 0, f"spike_weight={self.spike_weight}", "use a weight of 0 or more")
        self._require(self.largest > 0, f"largest={self.largest}", "use a positive number")
        self._require(
            (self.function == "relu") == (not self.thresholds),
            f"function={self.function!r} with {len(self.thresholds)} thresholds",
            "let convert fit a function, or use FewSpikes.of(sequences, function)",
        )
        for name in ("thresholds", "resets", "payloads"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
            given = len(getattr(self, name))
            self._require(given in (0, self.steps), f"{given} {name}", "give one for each step, or none")

    @classmethod
    def of(cls, sequences: Sequences, function: str, **settings: float) -> FewSpikes:
        """The code of neurons with these sequences."""
        return cls(
            steps=sequences.steps,
            function=function,
            thresholds=sequences.thresholds,
            resets=sequences.resets,
            payloads=sequences.amplitudes,
            low=sequences.low,
            high=sequences.high,
            **settings,  # type: ignore[arg-type]
        )

    @property
    def label(self) -> str:
        own = [] if self.function == "relu" else [self.function]
        weight = [f"μ={self.spike_weight:.3g}"] if self.spike_weight else []
        return " ".join(
            [f"{self.name} K={self.steps}", *([f"α={self.slope:.3g}"] if self.slope else []), *weight, *own]
        )

    @property
    def payload(self) -> Literal["power_of_two", "real"]:
        return "real" if self.thresholds else "power_of_two"

    @property
    def sequences(self) -> Sequences:
        """T, h and d of its spikes above zero, with the range."""
        T, h, d = self.neuron().thresholds, self.neuron().resets, self.amplitudes()
        return Sequences(thresholds=T, resets=h, amplitudes=d, low=self.low, high=self.high)

    def carrying(self, slope: float) -> FewSpikes:
        return replace(self, slope=slope)

    def computing(self, function: str, low: float, high: float, density: Sequence[float]) -> FewSpikes:
        """Fitted from the shipped sequences on, and from starts of its own, to the density."""
        start = fitted(function, self.steps)
        middles = low + (np.arange(len(density)) + 0.5) / len(density) * (high - low)
        power = np.average(FUNCTIONS[function].compute(torch.from_numpy(middles)).square().numpy(), weights=density)
        found = fit(
            function,
            low,
            high,
            steps=self.steps,
            density=density,
            spike_weight=self.spike_weight * float(power),
            starts=() if start is None else (start,),
            tries=24,
            shakes=16,
        )
        return FewSpikes.of(found, function, spike_weight=self.spike_weight)

    def relaying(self) -> FewSpikes:
        """Of a function's neurons: the identity, as far as the power of two above all that they send."""
        if not self.thresholds:
            return self
        most = float(self.sequences.staircase().values.abs().max())
        return FewSpikes(steps=self.steps, slope=1.0, largest=2.0 ** ceil(log2(max(most, 2.0**-20))))

    def scaled(self, scale: float) -> FewSpikes:
        return self if scale == 1 else FewSpikes.of(
            self.sequences.scaled(scale), self.function, spike_weight=self.spike_weight
        )  # fmt: skip

    def neuron(self) -> Neuron:
        if self.thresholds:
            return Neuron(thresholds=self.thresholds, resets=self.resets, low=self.low, high=self.high)
        halvings, quantum = self._halvings(), self.largest * 2.0**-self.steps
        if self.slope == 1:
            thirds = (*(_single(each * 2 / 3) for each in halvings[:-1]), halvings[-1] / 2)
            return Neuron(thresholds=thirds, resets=halvings, floors=thirds, refunds=halvings)
        nearest = tuple(each - quantum / 2 for each in halvings)
        if not self.slope:
            return Neuron(thresholds=nearest, resets=halvings)
        below = tuple(_single(each / self.slope) for each in halvings)
        return Neuron(thresholds=nearest, resets=halvings, floors=below, refunds=below)

    def _halvings(self) -> tuple[float, ...]:
        return tuple(self.largest * 2.0 ** -(1 + t) for t in range(self.steps))

    def amplitudes(self) -> tuple[float, ...]:
        return self.payloads or self._halvings()

    def debits(self) -> tuple[float, ...]:
        return tuple(-each for each in self._halvings()) if self.slope else (0.0,) * self.steps

    def injections(self) -> tuple[float, ...]:
        return (1.0,) + (0.0,) * (self.steps - 1)

    def staircase(self) -> None:
        return None

    def successive(self) -> successive.Tables:
        neuron = self.neuron()
        none = np.zeros(self.steps, np.float32)
        T, h, d = (np.asarray(each, np.float32) for each in (neuron.thresholds, neuron.resets, self.amplitudes()))
        floors, refunds, debits = (
            (np.asarray(each, np.float32) for each in (neuron.floors, neuron.refunds, self.debits()))
            if neuron.signed
            else (none * np.float32(np.nan), none, none)
        )
        return successive.Tables(T, h, d, floors, refunds, debits, np.float32(self.low), np.float32(self.high))

    def value(self, u: Tensor) -> Tensor:
        """û of a drive that is there when the window opens: K comparisons."""
        flat, _ = successive.decode(u.clone().reshape(len(u) if u.dim() else 1, -1), self.successive())
        return flat.reshape(u.shape)


def _single(value: float) -> float:
    """The float32 number, which every engine and dtype then compares with."""
    return float(np.float32(value))
