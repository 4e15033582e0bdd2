"""What is compared: the kernel a network starts from, and what is added to its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from picojoule.codes import TTFS

STEPS, TAU = 8, 2.0
"""T and τ₀ of the released code for pictures."""
DRIFT = 1e-5
"""Weight of R in the released code."""
SPIKES = 1.0
"""Weight of R_spike, a number of spikes a neuron. Ours: of 0.3, 1 and 3 the largest that lost nothing on a quarter of
the training digits that was held out."""
RELEASED = 1e-5
"""Weight of R_code in the released code."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """How a network is trained.

    Attributes:
        name: in tables.
        steps, tau: T and τ₀; d₀ is 0.
        relaxed: let codes come in little by little.
        drift: weight of R.
        rate: of kernels, relative to that of weights.
        sparse: what keeps spikes few: ``R_spike``, ``R_code`` or nothing.
    """

    name: str
    steps: int = STEPS
    tau: float = TAU
    relaxed: bool = True
    drift: float = DRIFT
    rate: float = 1.0
    sparse: Literal["R_spike", "R_code", ""] = ""

    @property
    def code(self) -> TTFS:
        """The code it starts from. A half step in θ₀ makes neurons fire at the time that was rounded in training."""
        return TTFS.nearest(steps=self.steps, tau=self.tau)

    @property
    def system(self) -> str:
        """The system's name."""
        return f"ttfs T={self.steps} τ₀={self.tau:g} {self.name}"


TRAINED = Condition(name="trained")
SPARSE = Condition(name="kernel-aware", sparse="R_spike")
SPARSEST = Condition(name="kernel-aware", tau=STEPS / 2, sparse="R_spike")
"""A longer kernel does not reach as far down, so small values are left out."""
RELEASED_FORM = Condition(name="kernel-aware, released form", sparse="R_code")
NOT_RELAXED = Condition(name="not relaxed", relaxed=False)
FAST, FREE = (
    Condition(name=name, rate=10.0, drift=drift) for name, drift in (("kernels ×10", DRIFT), ("kernels ×10, no R", 0.0))
)
COMPARED = (TRAINED, SPARSE, SPARSEST, RELEASED_FORM, NOT_RELAXED, FAST, FREE)
"""Every row of training, each with several seeds."""
KERNELS = tuple(
    Condition(name="kernel study", steps=steps, tau=tau)
    for steps in (4, 8, 16, 32)
    for tau in (steps / 8, steps / 4, steps / 2)
)
"""The study of (τ₀, T): one seed each."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How much a mode trains.

    Attributes:
        first: epochs of the ANN.
        epochs: of each condition.
        study: epochs of each kernel of the study.
        seeds: of each condition.
        held: samples whose spike times are compared, neuron by neuron.
    """

    first: int
    epochs: int
    study: int
    seeds: int
    held: int


SIZES = {
    "smoke": Size(first=1, epochs=1, study=1, seeds=1, held=4),
    "quick": Size(first=8, epochs=4, study=1, seeds=3, held=50),
    "full": Size(first=0, epochs=200, study=20, seeds=3, held=50),
}
"""In the full mode the ANN is the papers' own, trained as they did."""
