"""What a spike means. One code a file; each is a frozen value with a declared contract.

A code is a neuron (when a membrane fires and what is subtracted), a payload (what a receiver adds for a spike),
and the timing of everything that is not a spike (biases and analogue input).
"""

from picojoule.codes.base import Code, Contract
from picojoule.codes.burst import Burst
from picojoule.codes.direct import Direct
from picojoule.codes.few_spikes import FewSpikes
from picojoule.codes.hybrid import Hybrid
from picojoule.codes.phase import Phase
from picojoule.codes.poisson import Poisson
from picojoule.codes.rate import Rate
from picojoule.codes.ttas import TTAS
from picojoule.codes.ttfs import TTFS
from picojoule.codes.two_phase import TwoPhase

CODES: dict[str, type[Code]] = {
    "rate": Rate,
    "phase": Phase,
    "burst": Burst,
    "two-phase": TwoPhase,
    "ttfs": TTFS,
    "ttas": TTAS,
    "few-spikes": FewSpikes,
    "direct": Direct,
    "poisson": Poisson,
}
"""Every code by its name."""

__all__ = [
    "CODES",
    "TTAS",
    "TTFS",
    "Burst",
    "Code",
    "Contract",
    "Direct",
    "FewSpikes",
    "Hybrid",
    "Phase",
    "Poisson",
    "Rate",
    "TwoPhase",
]
