"""Direct coding: what neurons that were trained as such do; a value is the mean of an output over the steps.

::

    v ← a·v + I(t);  s = [v ≥ θ];  v ← v − r·s, or v·(1 − s);  a spike adds w to its receivers

Neurons that fire both ways have s = −1 at v ≤ −θ⁻, too, which gives θ⁻ back, or leaves nothing, and adds −w.

The input is a constant current into the first layer, in every step. There is no value that a neuron stands for: its
weights have been trained for the spikes it fires, and nothing says how an error would fall with more steps.

Reference: the neurons are those of :mod:`picojoule.neurons`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, final

from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.codes.base import Code, Contract
from picojoule.neurons import Neuron, both_ways, leaky, leaky_to_zero, scan


@final
@dataclass(frozen=True, kw_only=True)
class Direct(Code):
    """One spike or none in every step, worth one weight; of networks from :func:`picojoule.freeze`.

    Attributes:
        steps: T, the steps the network was trained with.
        leak: a, the share of the potential kept from one step to the next.
        threshold: θ, the potential at which a neuron fires.
        to_zero: a spike leaves nothing of the potential, instead of subtracting r.
        amount: r, what a spike subtracts; None: θ.
        initial: v(0).
        floor: θ⁻; None: no spike is below zero.
    """

    contract: ClassVar[Contract] = Contract(
        closed="none", error="none", payload="binary", spikes=None, monotone="within a spike"
    )
    name: ClassVar[str] = "direct"
    waits: ClassVar[bool] = False
    cite: ClassVar[tuple[str, ...]] = ()
    symbols: ClassVar[dict[str, str]] = {"leak": "a", "threshold": "θ", "amount": "r", "initial": "v₀", "floor": "θ⁻"}

    steps: int = 4
    leak: float = 1.0
    threshold: float = 1.0
    to_zero: bool = False
    amount: float | None = None
    initial: float = 0.0
    floor: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(0 <= self.leak <= 1, f"leak={self.leak}", "use a number from 0 to 1")
        self._require(self.threshold > 0, f"threshold={self.threshold}", "use a positive threshold")
        self._require(self.amount is None or self.amount > 0, f"amount={self.amount}", "use a positive amount, or None")
        self._require(self.floor is None or self.floor > 0, f"floor={self.floor}", "use a positive floor, or None")

    def carrying(self, slope: float) -> Code:
        raise InputError(
            "they are trained, not converted",
            where="codes.Direct",
            remedy="use codes.Rate, or picojoule.freeze for a module of spiking neurons",
        )

    def neuron(self) -> Neuron:
        neuron = leaky(self.steps, leak=self.leak, threshold=self.threshold, reset=self.amount)
        if self.to_zero:
            neuron = leaky_to_zero(self.steps, leak=self.leak, threshold=self.threshold)
        neuron = replace(neuron, initial=self.initial)
        return neuron if self.floor is None else both_ways(neuron, self.floor)

    @property
    def slope(self) -> float:
        return 0.0 if self.floor is None else self.threshold / self.floor

    def amplitudes(self) -> tuple[float, ...]:
        return (1.0,) * self.steps

    def debits(self) -> tuple[float, ...]:
        return (0.0 if self.floor is None else -1.0,) * self.steps

    def injections(self) -> tuple[float, ...]:
        return (1.0,) * self.steps

    def value(self, u: Tensor) -> Tensor:
        """The share of steps with a spike under a constant drive, found by stepping the neuron."""
        return scan(self.neuron(), u.expand(self.steps, *u.shape))[0].to(u.dtype).mean(0)

    def staircase(self) -> None:
        return None
