"""Hybrid coding: one code for the input, another for the neurons behind it.

A value must arrive at every neuron in the same proportion to its bias. So the hidden code takes biases in once whenever
the input code carries a value once: in every step behind a rate, once a period behind a phase, once in all behind a
first spike (:meth:`~picojoule.codes.Code.paced`).

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
        hidden: of all other neurons; its pace becomes that of the input.

    Raises:
        InputError: their steps differ, or the hidden code takes values in at times of its own.
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
        object.__setattr__(self, "hidden", self.hidden.paced(self.input.pace))

    @property
    def steps(self) -> int:
        """T."""
        return self.hidden.steps

    @property
    def label(self) -> str:
        """The system's name in every table, such as ``phase-burst T=64``."""
        coded = [] if self.input is None else [f"input {each}" for each in self.input.unusual()]
        implied = f"{self.hidden.symbols.get('period')}={self.hidden.pace}"
        settings = [each for each in self.hidden.unusual() if self.input is None or each != implied]
        first = "real" if self.input is None else self.input.name
        return " ".join([f"{first}-{self.hidden.name} T={self.steps}", *settings, *coded])
