"""How long a call takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

_MOST_REPEATS, _ENOUGH_SECONDS = 9, 1.0


def seconds_of(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> float:
    """The median of a few calls, in seconds; a call of a second or more is made once."""
    times: list[float] = []
    while len(times) < _MOST_REPEATS and sum(times) < _ENOUGH_SECONDS:
        start = time.perf_counter()
        function(*arguments, **keywords)
        times.append(time.perf_counter() - start)
    return median(times)
