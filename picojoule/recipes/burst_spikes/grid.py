"""What is tried: input codes beside hidden codes, rivals in rate coding, and settings of bursts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

from picojoule.codes import Burst, Code, Hybrid, Phase, Poisson, Rate


@final
@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is done.

    Attributes:
        steps: T of the grid.
        old_steps: T of the rate network of the papers' kind.
        samples: test images the systems are run on.
        swept: of these, for the settings of bursts.
        looked_at: of these, for gaps and bursts.
        values: of each setting of bursts that are tried.
    """

    steps: int
    old_steps: int
    samples: int
    swept: int
    looked_at: int
    values: int = 5


SIZES = {
    "smoke": Size(steps=16, old_steps=32, samples=8, swept=4, looked_at=2, values=2),
    "quick": Size(steps=64, old_steps=256, samples=200, swept=200, looked_at=4),
    "full": Size(steps=1024, old_steps=10_000, samples=10_000, swept=200, looked_at=8),
}

_RELOAD = 8
INPUTS: dict[str, Callable[[int], Code] | None] = {
    "real": None,
    "poisson": lambda steps: Poisson(steps=steps),
    "phase": lambda steps: Phase(steps=steps),
    "burst": lambda steps: Burst(steps=steps, period=_RELOAD),
}
"""A pixel in bursts is loaded anew in every eighth step, all pixels of all samples at the same steps."""
HIDDEN: dict[str, Callable[[int], Code]] = {
    "rate": lambda steps: Rate(steps=steps),
    "phase": lambda steps: Phase(steps=steps),
    "burst": lambda steps: Burst(steps=steps),
}
THRESHOLDS = (0.125, 0.25, 0.5, 0.0625, 0.03125)
BETAS = (2.0, 1.0, 1.5, 3.0, 4.0)
"""Of bursts behind a phase-coded input; the usual one first."""


def hybrid(first: str, hidden: Code) -> Hybrid:
    """The hybrid of an input code, by name, and a hidden code."""
    build = INPUTS[first]
    return Hybrid(input=build(hidden.steps) if build else None, hidden=hidden)


def grid(steps: int) -> dict[tuple[str, str], Hybrid]:
    """Every input code before every hidden code, by their names."""
    return {(first, then): hybrid(first, HIDDEN[then](steps)) for first in INPUTS for then in HIDDEN}


def sweeps(size: Size) -> dict[str, dict[float, Hybrid]]:
    """Settings of the hidden bursts behind a phase-coded input, by the letter of what changes."""
    usual = Burst(steps=size.steps)
    return {
        "v_th": {x: hybrid("phase", replace(usual, threshold=x)) for x in sorted(THRESHOLDS[: size.values])},
        "β": {x: hybrid("phase", replace(usual, beta=x)) for x in sorted(BETAS[: size.values])},
    }
