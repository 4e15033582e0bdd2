"""The board around the circuit: time on the link that no clock changes, and power that grows with the clock.

::

    t = t_io + N/f        P = P₀ + k·f        E = P·t

The published table (from memory, high confidence) has times at 25 and 100 MHz with and without inference thresholding.
Two rows give t_io and N each, and both pairs give the same t_io, which is a check of the table and of the form.

Its last column is FLOPS/kJ = (F/t)/(P·t): an inverse energy-delay product, not an energy. Both are given here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A row of the published table.

    Attributes:
        name: of the system.
        mhz: its clock; None where it has another.
        time_s, power_w: of the whole run; power is None where it is not known.
        speed, flops_per_kj: relative to the GPU, as printed; None where not known.
    """

    name: str
    mhz: float | None
    time_s: float
    power_w: float | None
    speed: float
    flops_per_kj: float | None


GPU = Published(name="GPU (TITAN V)", mhz=None, time_s=226.90, power_w=45.36, speed=1.0, flops_per_kj=1.0)
PUBLISHED: tuple[Published, ...] = (
    Published(name="CPU", mhz=None, time_s=242.77, power_w=23.28, speed=0.93, flops_per_kj=1.70),
    GPU,
    Published(name="FPGA", mhz=25, time_s=43.54, power_w=14.71, speed=5.21, flops_per_kj=83.74),
    Published(name="FPGA", mhz=100, time_s=30.28, power_w=20.10, speed=7.49, flops_per_kj=126.72),
    Published(name="FPGA+ITH", mhz=25, time_s=35.81, power_w=None, speed=6.34, flops_per_kj=None),
    Published(name="FPGA+ITH", mhz=100, time_s=28.53, power_w=20.53, speed=7.95, flops_per_kj=139.75),
)
"""From memory, high confidence; the ratio columns agree with time and power."""


def speed(row: Published) -> float:
    """Times as fast as the GPU."""
    return GPU.time_s / row.time_s


def flops_per_kj(row: Published) -> float | None:
    """FLOPS/kJ relative to the GPU: (t²·P of the GPU)/(t²·P)."""
    if row.power_w is None or GPU.power_w is None:
        return None
    return GPU.time_s**2 * GPU.power_w / (row.time_s**2 * row.power_w)


def energy_gain(row: Published) -> float | None:
    """Joules of the GPU over joules of the row."""
    if row.power_w is None or GPU.power_w is None:
        return None
    return GPU.time_s * GPU.power_w / (row.time_s * row.power_w)


def fit_cycles(slow: Published, fast: Published) -> tuple[float, float]:
    """t_io in seconds and N in cycles of two rows that differ in their clock."""
    assert slow.mhz and fast.mhz
    cycles = (slow.time_s - fast.time_s) / (1 / slow.mhz - 1 / fast.mhz) * 1e6
    return slow.time_s - cycles / (slow.mhz * 1e6), cycles


def fit_power(slow: Published, fast: Published) -> tuple[float, float]:
    """P₀ in W and k in W/MHz of two rows that differ in their clock."""
    assert slow.mhz and fast.mhz and slow.power_w and fast.power_w
    slope = (fast.power_w - slow.power_w) / (fast.mhz - slow.mhz)
    return slow.power_w - slope * slow.mhz, slope


def _row(name: str, mhz: float) -> Published:
    return next(each for each in PUBLISHED if (each.name, each.mhz) == (name, mhz))


PLAIN = (_row("FPGA", 25), _row("FPGA", 100))
THRESHOLDED = (_row("FPGA+ITH", 25), _row("FPGA+ITH", 100))
_POWER = fit_power(*PLAIN)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """A board.

    Attributes:
        mhz: clock.
        static_w, watts_per_mhz: of the fit.
        link_s: host link of one question; 25.9 s of the published runs over the questions they may have answered.
    """

    mhz: float
    static_w: float = _POWER[0]
    watts_per_mhz: float = _POWER[1]
    link_s: float = 0.0

    @property
    def power_w(self) -> float:
        """P₀ + k·f."""
        return self.static_w + self.watts_per_mhz * self.mhz

    def seconds(self, cycles: float) -> float:
        """Of a question of so many cycles."""
        return self.link_s + cycles / (self.mhz * 1e6)

    def joules(self, cycles: float) -> float:
        """Of a question of so many cycles."""
        return self.power_w * self.seconds(cycles)
