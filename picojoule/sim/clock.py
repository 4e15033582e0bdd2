"""Time as an integer number of picoseconds: exact sums, one order of events, 106 days in 64 bits."""

from __future__ import annotations

from picojoule.base.errors import InputError

SECOND = 10**12
MILLISECOND = 10**9
MICROSECOND = 10**6


def ps(seconds: float) -> int:
    """Seconds as whole picoseconds.

    Raises:
        InputError: negative, not finite, or beyond 100 days.
    """
    if not 0 <= seconds < 8.64e6:
        raise InputError(f"{seconds} s is no duration", where="simulated time", remedy="give 0 to 8,640,000 seconds")
    return round(seconds * SECOND)


def transfer_ps(size: int, bytes_per_s: float) -> int:
    """Time in which `size` bytes pass a link; none where its rate is infinite."""
    return ps(size / bytes_per_s)
