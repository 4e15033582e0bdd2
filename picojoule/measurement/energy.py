"""Joules that the machine itself measures, where it has a meter: RAPL for processors, NVML for Nvidia's cards.

Both are counters of energy since some moment. What is read is all that the package or the card took meanwhile: idle
power, other processes and the memory controller are in it. It says what this computer takes to simulate a system, not
what the modelled hardware would take; it is marked *measured*, and stands beside what is computed.
"""

from __future__ import annotations

import ctypes
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from picojoule.result import Energy

POWERCAP = Path("/sys/class/powercap")


class Meter(ABC):
    """A counter of joules."""

    name: str

    @abstractmethod
    def read(self) -> float:
        """Joules since some moment."""

    def between(self, before: float, after: float) -> float:
        """Joules from one reading to a later one."""
        return after - before


@final
@dataclass(frozen=True, slots=True)
class Rapl(Meter):
    """A zone of the kernel's powercap interface: a processor package, or its memory.

    Attributes:
        name: such as ``measured rapl package-0``.
        counter: its file of microjoules.
        wraps: joules at which it starts again from 0.
    """

    name: str
    counter: Path
    wraps: float

    def read(self) -> float:
        return int(self.counter.read_text()) / 1e6

    def between(self, before: float, after: float) -> float:
        return after - before + (self.wraps if after < before else 0.0)


@final
@dataclass(frozen=True, slots=True)
class Nvml(Meter):
    """A card of Nvidia's, of those that count energy (since Volta).

    Attributes:
        name: such as ``measured nvml gpu-0``.
        library: NVML.
        handle: of the card.
    """

    name: str
    library: Any
    handle: Any

    def read(self) -> float:
        millijoules = ctypes.c_ulonglong()
        if self.library.nvmlDeviceGetTotalEnergyConsumption(self.handle, ctypes.byref(millijoules)):
            raise OSError("the card does not count energy")
        return millijoules.value / 1e3


def meters(root: Path = POWERCAP, nvml: Any = None) -> tuple[Meter, ...]:
    """The meters of this machine that can be read; none in most virtual machines.

    Args:
        root: the folder of the powercap interface.
        nvml: NVML as a library; the system's own if None.
    """
    found = (*_rapl(root), *_nvml(nvml))
    return tuple(each for each in found if _reads(each))


def _rapl(root: Path) -> list[Meter]:
    """Packages and memories; the platform's own zone would count them twice."""
    found: list[Meter] = []
    for zone in sorted(root.glob("intel-rapl:*")):  # AMD's processors have it by this name, too
        try:
            name = (zone / "name").read_text().strip()
            wraps = int((zone / "max_energy_range_uj").read_text()) / 1e6
        except (OSError, ValueError):
            continue
        if name.startswith(("package", "dram")):
            part = f" of {zone.name.split(':')[1]}" if name == "dram" else ""
            found.append(Rapl(f"measured rapl {name}{part}", zone / "energy_uj", wraps))
    return found


def _nvml(library: Any) -> list[Meter]:
    try:
        library = library or ctypes.CDLL("libnvidia-ml.so.1")
        number, found = ctypes.c_uint(), list[Meter]()
        if library.nvmlInit_v2() or library.nvmlDeviceGetCount_v2(ctypes.byref(number)):
            return []
    except (OSError, AttributeError):
        return []
    for place in range(number.value):
        handle = ctypes.c_void_p()
        if not library.nvmlDeviceGetHandleByIndex_v2(place, ctypes.byref(handle)):
            found.append(Nvml(f"measured nvml gpu-{place}", library, handle))
    return found


def _reads(meter: Meter) -> bool:
    """False for one that only root may read."""
    try:
        meter.read()
    except (OSError, ValueError):
        return False
    return True


def measured(
    call: Callable[[], object], samples: int, found: tuple[Meter, ...], *, seconds: float = 1.0
) -> tuple[Energy, ...]:
    """Joules of a sample by every meter, over repeated calls; nothing where there is no meter.

    Args:
        call: runs some samples once.
        samples: how many.
        found: the meters.
        seconds: the least time to measure: counters move once in 1 ms (RAPL) to 20 ms (NVML).
    """
    if not found:
        return ()
    call()
    before, start, calls = [each.read() for each in found], time.perf_counter(), 0
    while not calls or time.perf_counter() - start < seconds:
        call()
        calls += 1
    joules = [each.between(first, each.read()) / (calls * samples) for each, first in zip(found, before, strict=True)]
    return tuple(
        Energy(profile=each.name, joules=value, evidence="measured") for each, value in zip(found, joules, strict=True)
    )
