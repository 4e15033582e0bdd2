"""What ``tune`` tries: codes with their steps, percentiles and calibrations, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any, final

from picojoule.codes import TTFS, Code, Phase, Rate


@final
@dataclass(frozen=True, kw_only=True)
class Setting:
    """One way to convert a network.

    Attributes:
        code: what a spike means.
        percentile, calibrate: as for :func:`picojoule.convert`.
    """

    code: Code
    percentile: float = 99.9
    calibrate: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the system in tables."""
        label = " +".join([self.code.label, *self.calibrate])
        return label if self.percentile == 99.9 else f"{label} p{self.percentile:g}"

    def options(self) -> dict[str, Any]:
        """The arguments of :func:`picojoule.convert`."""
        return {"code": self.code, "percentile": self.percentile, "calibrate": self.calibrate}


_TTFS_STEPS = (4, 6, 8, 12, 16, 24, 40, 80)
_RATE_STEPS = (2, 4, 8, 16, 32, 64)
_PHASE_BITS = (4, 5, 6, 8)


def ttfs(steps: Sequence[int] | None = None) -> Iterator[Setting]:
    """Kernels that round to the nearest, and kernels fitted to each layer."""
    for each in steps or _TTFS_STEPS:
        tau = each / (6 if each <= 24 else 4)
        code = TTFS(steps=each, tau=tau, threshold=exp(-1 / (2 * tau)))
        yield Setting(code=code)
        yield Setting(code=code, calibrate=("kernel",))
        yield Setting(code=code, calibrate=("kernel", "bias"))


def rate(steps: Sequence[int] | None = None) -> Iterator[Setting]:
    """Clipped more and less, with and without a start for each channel, and with that corrected."""
    for each in steps or _RATE_STEPS:
        for percentile in (99.0, 99.9):
            yield Setting(code=Rate(steps=each), percentile=percentile)
            for corrected in (False, True):
                code = Rate(steps=each, corrected=corrected)
                yield Setting(code=code, percentile=percentile, calibrate=("membrane",))


def phase(steps: Sequence[int] | None = None) -> Iterator[Setting]:
    """One period, and two."""
    code = Phase(steps=8, period=8)
    for bits in _PHASE_BITS if steps is None else steps:
        for periods in (1, 2):
            yield Setting(code=replace(code, steps=bits * periods, period=bits))


FAMILIES = {"ttfs": ttfs, "rate": rate, "phase": phase}
"""The settings of each code, by its name."""
