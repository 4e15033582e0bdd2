"""Hybrid coding: one code for the input, another for the neurons behind it.

A value must arrive at every neuron in the same proportion to its bias. So both codes carry a value as often as the
slower one does: in every step of a rate, once a period of a phase, once in all of a first spike
(:meth:`~picojoule.codes.Code.paced`).

Reference: cite key ``park2019``, "input-hidden" hybrids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from picojoule.base.errors import InputError
from picojoule.codes.base import Code


@final
@dataclass(frozen=True, kw_only=True)
class Hybrid:
    """A code for the input and a code for the hidden neurons.

    Attributes:
        input: of the pixels; None: they are real numbers, a current into the first layer.
        hidden: of all other neurons. The faster of the two is brought to the other's pace.

    Raises:
        InputError: their steps differ, or one carries values at times of its own.
    """

    input: Code | None
    hidden: Code

    def __post_init__(self) -> None:
        if self.input is None:
            return
        if self.input.steps != self.hidden.steps:
            raise InputError(
                f"an input of {self.input.steps} steps and hidden neurons of {self.hidden.steps}",
                where="codes.Hybrid",
                remedy="give both the same number of steps",
            )
        pace = max(self.input.pace, self.hidden.pace)
        for name in ("input", "hidden"):
            object.__setattr__(self, name, getattr(self, name).paced(pace))

    @property
    def steps(self) -> int:
        """T."""
        return self.hidden.steps

    @property
    def label(self) -> str:
        """The system's name in every table, such as ``phase-burst T=64``."""
        if self.input is None:
            return " ".join([f"real-{self.hidden.name} T={self.steps}", *self.hidden.unusual()])
        usual = max(type(each)(steps=self.steps).pace for each in (self.input, self.hidden))
        pace = [f"P={self.hidden.pace}"] if self.hidden.pace != usual else []
        own = [each for each in self.hidden.unusual() if not each.startswith("P=")]
        coded = [f"input {each}" for each in self.input.unusual() if not each.startswith("P=")]
        return " ".join([f"{self.input.name}-{self.hidden.name} T={self.steps}", *own, *coded, *pace])
