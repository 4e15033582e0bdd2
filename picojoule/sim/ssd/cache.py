"""A cache with least-recently-used replacement in sets of sixteen, compiled: for mapping entries and for pages.

A cache is an int64 table ``[sets, ways]`` of 2 · key + [must be written back before it goes], −1 where a place is free.
Within a set the most recently used comes first.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

WAYS = 16
Cache = NDArray[np.int64]


def empty(places: int) -> Cache:
    """A cache of about so many places: whole sets, or one smaller set; none at all for 0."""
    ways = min(WAYS, places)
    return np.full((places // ways, ways) if places else (0, 0), -1, np.int64)


def clean(cache: Cache) -> Cache:
    """The same cache after all that had to be written back is written."""
    return np.where(cache >= 0, cache & ~1, cache)


@numba.njit(cache=True, nogil=True)
def touch(cache, key, dirty):  # type: ignore[no-untyped-def]
    """Use a key, and keep it.

    Returns:
        Whether it was there, and the dirty key that had to go for it, or −1.
    """
    ways = cache[key % len(cache)]
    last = len(ways) - 1
    at = 0
    while at < last and ways[at] >> 1 != key:
        at += 1
    old = ways[at]
    hit = old >> 1 == key
    for i in range(at, 0, -1):
        ways[i] = ways[i - 1]
    ways[0] = 2 * key + (dirty or (hit and old & 1))
    return hit, old >> 1 if not hit and old >= 0 and old & 1 else np.int64(-1)
