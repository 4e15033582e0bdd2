"""What a drive does inside: an ordered table of flash operations. The translation layer makes it, the tiers time it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

READ, PROGRAM, ERASE, MAP_READ, MAP_PROGRAM, COPY_READ, COPY_PROGRAM = range(7)
KINDS = ("read", "program", "erase", "map read", "map program", "copy read", "copy program")
"""What the translation layer asks the flash to do; ``map`` moves translation pages, ``copy`` is garbage collection."""

SENDS_FIRST = np.array([False, True, False, False, True, False, True])
"""By kind: the page goes over the channel before the array works (a program), not after (a read)."""
ANSWERS = np.array([True, True, False, True, True, False, False])
"""By kind: the host's request is not over before it."""
HURRIES = np.array([True, False, False, True, False, False, False])
"""By kind: goes before those that do not, and may suspend them."""
ACTION = ("page_read", "page_program", "block_erase", "page_read", "page_program", "page_read", "page_program")
"""By kind: what it is priced as."""


REQUEST, KIND, UNIT, LEVEL, KEY, CHAINED = range(6)
"""Columns of an operation: the host's request that caused it (rising); its kind; the cell array; the column of the
times of pages; the translation page of a map read (a second read of it that comes in the meantime joins the first), or
−1; and whether it begins only when the operation before it in the table is over."""

Operations = NDArray[np.int32]
"""A table of flash operations ``[operations, 6]`` in the order in which they were decided."""

Chunk = tuple[int, int, Operations]
"""Requests from the first number to before the second, and their operations."""


def tally(table: Operations) -> NDArray[np.int64]:
    """How often each kind occurs ``[kinds]``."""
    return np.bincount(table[:, KIND], minlength=len(KINDS)).astype(np.int64)
