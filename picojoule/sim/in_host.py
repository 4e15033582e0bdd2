"""The same learning in the host, on the same simulated flash: T = T_total − T_IO + T_IOsim.

T_total and T_IO are measured on a real host that logs which pages it read; T_IOsim is what those reads take on the
simulated drive. Too little memory is a page cache: what it no longer holds is read again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError
from picojoule.sim.clock import SECOND
from picojoule.sim.outcome import Outcome
from picojoule.sim.ssd.drive import Drive, replay
from picojoule.sim.ssd.requests import of_pages


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class HostLog:
    """What a host measured.

    Attributes:
        pages: the page of each read, in order, int64 ``[reads]``.
        total_s: wall time of everything.
        io_s: of that, the time that reads blocked.
    """

    pages: NDArray[np.int64]
    total_s: float
    io_s: float

    def __post_init__(self) -> None:
        if not (len(self.pages) and 0 <= self.io_s <= self.total_s):
            what = f"{len(self.pages)} reads, {self.io_s} s of input in {self.total_s} s"
            raise InputError(what, where="host log", remedy="log at least one read, and times that contain each other")

    @property
    def other_s(self) -> float:
        """T_total − T_IO."""
        return self.total_s - self.io_s


def misses(pages: NDArray[np.int64], memory_pages: int) -> NDArray[np.bool_]:
    """Which reads a page cache with least-recently-used replacement does not hold ``[reads]``."""
    held: OrderedDict[int, None] = OrderedDict()
    missed = np.ones(len(pages), np.bool_)
    for number, page in enumerate(pages.tolist()):
        if page in held:
            held.move_to_end(page)
            missed[number] = False
            continue
        held[page] = None
        if len(held) > memory_pages:
            held.popitem(last=False)
    return missed


def expected_s(
    log: HostLog, drive: Drive, *, memory_pages: int, queue_depth: int = 1
) -> tuple[NDArray[np.float64], Outcome | None]:
    """T_total − T_IO + T_IOsim, as it stands after each read ``[reads]``, and the outcome of the simulated reads.

    What is no input is spread evenly over the reads.

    Args:
        log: of the host.
        drive: the simulated one; the pages must have been written.
        memory_pages: what the host's page cache holds.
        queue_depth: reads the host has under way at a time.

    Returns:
        Seconds, and the outcome; None where memory held everything from the start.
    """
    missed = misses(log.pages, memory_pages)
    waited = np.zeros(len(missed))
    outcome = None
    if missed.any():
        _, outcome = replay(drive, of_pages(log.pages[missed]), tier="max-plus", queue_depth=queue_depth)
        assert outcome.finish_ps is not None
        ends = np.maximum.accumulate(outcome.finish_ps) / SECOND
        waited[missed] = np.diff(ends, prepend=0.0)
    return np.cumsum(waited + log.other_s / len(missed)), outcome
