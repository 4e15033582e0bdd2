"""What a spike means. One code a file; each is a frozen value with a declared contract.

A code is a neuron (when a membrane fires and what is subtracted), a payload (what a receiver adds for a spike),
and the timing of everything that is not a spike (biases and analogue input).
"""

from picojoule.codes.base import Code, Contract
from picojoule.codes.direct import Direct
from picojoule.codes.phase import Phase
from picojoule.codes.rate import Rate
from picojoule.codes.ttfs import TTFS
from picojoule.codes.two_phase import TwoPhase

CODES: dict[str, type[Code]] = {"rate": Rate, "phase": Phase, "ttfs": TTFS, "direct": Direct, "two-phase": TwoPhase}
"""Every code by its name."""

__all__ = ["CODES", "Code", "Contract", "Direct", "Phase", "Rate", "TTFS", "TwoPhase"]
