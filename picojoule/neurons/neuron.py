"""The neuron as a value: tables of thresholds and resets over its own time, a leak, a start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isnan
from typing import final

from picojoule.base.errors import InputError


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Neuron:
    """A membrane and its fire rule.

    ::

        v ← a·v + I(t)
        s = 1 if v ≥ g·θ(t);  −1 if v ≤ −θ⁻(t);  else 0
        v ← κ·v − g·r(t) at s = 1;  v + r⁻(t) at s = −1
        g ← β·g at s = 1;  1 else

    The significance g is 1 at first, and always of a neuron without growth (β = 1). A neuron that corrects itself fires
    below only what takes a spike back that it has sent; m counts the others, from 0::

        s = −1 if v < −θ⁻(t) and m > 0
        m ← m + s

    Attributes:
        thresholds: θ(t) for t = 0 … steps−1.
        resets: r(t); ``inf`` silences the neuron for ever after its first spike, ``nan`` one that may also fire below.
        keep: κ, the share of the potential that a spike leaves: 1, or 0 of a neuron that is reset to zero.
        leak: a, the share of the potential kept from one step to the next.
        initial: v before the first step.
        growth: β ≥ 1, by how much a spike raises the significance of the next, if that follows at once.
        floors: θ⁻(t), above 0 unless it corrects itself; empty where no spike is below zero.
        refunds: r⁻(t); ``inf`` leaves nothing of the potential, ``nan`` silences the neuron.
        corrects: it fires below only to take a spike back.
        low, high: where the potential saturates before the first comparison.
    """

    thresholds: tuple[float, ...]
    resets: tuple[float, ...]
    keep: float = 1.0
    leak: float = 1.0
    initial: float = 0.0
    growth: float = 1.0
    floors: tuple[float, ...] = ()
    refunds: tuple[float, ...] = ()
    corrects: bool = False
    low: float = -inf
    high: float = inf

    def __post_init__(self) -> None:
        lengths = {
            len(self.thresholds),
            len(self.resets),
            *map(len, (self.floors, self.refunds) if self.signed else ()),
        }
        if len(lengths) > 1 or not self.thresholds:
            raise InputError(
                f"{len(self.thresholds)} thresholds and {len(self.resets)} resets",
                where="Neuron",
                remedy="give one of each for every step",
            )
        if self.growth < 1 or (self.grows and self.signed):
            raise InputError(
                f"growth={self.growth}" + (" of a signed neuron" if self.signed else ""),
                where="Neuron",
                remedy="use a growth of at least 1, and of 1 where spikes may be below zero",
            )
        if self.corrects and not self.signed:
            raise InputError(
                "it corrects itself without floors", where="Neuron", remedy="give the floors and refunds of its steps"
            )

    @property
    def steps(self) -> int:
        """Number of steps the tables cover."""
        return len(self.thresholds)

    @property
    def signed(self) -> bool:
        """True where spikes may be below zero."""
        return bool(self.floors)

    @property
    def bounds(self) -> int:
        """Thresholds it compares the potential with in a step."""
        return 2 if self.signed else 1

    @property
    def grows(self) -> bool:
        """True where spikes in a row raise the significance."""
        return self.growth != 1.0

    @property
    def second(self) -> float | None:
        """What its second state begins with: g of one that grows, m of one that corrects itself; None of others."""
        return 1.0 if self.grows else 0.0 if self.corrects else None

    @property
    def states(self) -> int:
        """Values it keeps from step to step: the membrane, and a second state where it has one."""
        return 1 if self.second is None else 2

    @property
    def saturates(self) -> bool:
        """True where the potential has bounds when the window opens."""
        return self.low > -inf or self.high < inf

    @property
    def fires_once(self) -> bool:
        """True where every spike silences the neuron."""
        return all(reset == inf or isnan(reset) for reset in self.resets)


def integrate_and_fire(
    steps: int, *, threshold: float = 1.0, reset: float | None = None, initial: float = 0.0
) -> Neuron:
    """The IF neuron with reset by subtraction of `reset` (by default the threshold)."""
    return leaky(steps, leak=1.0, threshold=threshold, reset=reset, initial=initial)


def leaky(
    steps: int, *, leak: float, threshold: float = 1.0, reset: float | None = None, initial: float = 0.0
) -> Neuron:
    """The LIF neuron with reset by subtraction of `reset` (by default the threshold)."""
    amount = threshold if reset is None else reset
    return Neuron(thresholds=(threshold,) * steps, resets=(amount,) * steps, leak=leak, initial=initial)


def leaky_to_zero(steps: int, *, leak: float, threshold: float = 1.0) -> Neuron:
    """The LIF neuron whose potential is 0 after a spike."""
    return Neuron(thresholds=(threshold,) * steps, resets=(0.0,) * steps, keep=0.0, leak=leak)


def both_ways(neuron: Neuron, floor: float) -> Neuron:
    """The neuron that also fires −1 at v ≤ −θ⁻, for a floor θ⁻; its reset does below zero what it does above."""
    steps = neuron.steps
    return replace(neuron, floors=(floor,) * steps, refunds=(floor if neuron.keep else inf,) * steps)
