"""What ``tune`` tries: codes with their steps, percentiles and calibrations, as one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any, final

from picojoule.codes import TTFS, Burst, Code, FewSpikes, Hybrid, Phase, Rate


@final
@dataclass(frozen=True, kw_only=True)
class Setting:
    """One way to convert a network.

    Attributes:
        code: what a spike means.
        percentile, calibrate, weight_bits: as for :func:`picojoule.convert`.
    """

    code: Code | Hybrid
    percentile: float = 99.9
    calibrate: tuple[str, ...] = ()
    weight_bits: int = 32

    @property
    def name(self) -> str:
        """Of the system in tables."""
        label = " +".join([self.code.label, *self.calibrate])
        clipped = "" if self.percentile == 99.9 else f" p{self.percentile:g}"
        stored = "" if self.weight_bits == 32 else f" int{self.weight_bits}"
        return label + clipped + stored

    def options(self) -> dict[str, Any]:
        """The arguments of :func:`picojoule.convert`."""
        return {
            "code": self.code,
            "percentile": self.percentile,
            "calibrate": self.calibrate,
            "weight_bits": self.weight_bits,
        }


_TTFS_STEPS = (4, 6, 8, 12, 16, 24, 40, 80)
_RATE_STEPS = (2, 4, 8, 16, 32, 64)
_PHASE_BITS = (4, 5, 6, 8)
_BURST_STEPS = (8, 16, 32, 64)
_FEW_SPIKES = (3, 4, 5, 6, 8)
_PERCENTILES = (99.0, 99.9)


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
        for percentile in _PERCENTILES:
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


def burst(steps: Sequence[int] | None = None) -> Iterator[Setting]:
    """Bursts that begin at half of what a neuron can express, rounded to the nearest."""
    for each in steps or _BURST_STEPS:
        yield Setting(code=Burst(steps=each, threshold=0.5, initial=0.25))


def few_spikes(steps: Sequence[int] | None = None) -> Iterator[Setting]:
    """A bit of the value in each step, clipped more and less."""
    for each in steps or _FEW_SPIKES:
        for percentile in _PERCENTILES:
            yield Setting(code=FewSpikes(steps=each), percentile=percentile)


FAMILIES = {"ttfs": ttfs, "rate": rate, "phase": phase, "burst": burst, "few-spikes": few_spikes}
"""The settings of each code, by its name."""


def every(names: Iterable[str] = tuple(FAMILIES), *, weight_bits: Iterable[int] = (32,)) -> list[Setting]:
    """All settings of the codes named, their weights stored in so many bits or so many."""
    families = [each for name in names for each in FAMILIES[name]()]
    return [replace(each, weight_bits=bits) for bits in weight_bits for each in families]
