"""What the compiled scans share: how many neurons are innermost, and two loops over them."""

from __future__ import annotations

import numba
import numpy as np

BLOCK = 1024
"""Neurons innermost; their rows stay in the cache over all steps."""


@numba.njit(inline="always")
def load(v, values):  # type: ignore[no-untyped-def]
    """v ← values, or zeros where none were given."""
    if len(values):
        v[:] = values
    else:
        v[:] = np.float32(0)


@numba.njit(inline="always")
def dot(w, v):  # type: ignore[no-untyped-def]
    """Σ w·v in eight partial sums, so that it runs at vector speed without being allowed to reorder sums."""
    sums, whole = np.zeros(8, np.float32), len(w) // 8 * 8
    for i in range(0, whole, 8):
        for j in range(8):
            sums[j] += w[i + j] * v[i + j]
    total = 0.0
    for j in range(8):
        total += sums[j]
    for i in range(whole, len(w)):
        total += w[i] * v[i]
    return total
