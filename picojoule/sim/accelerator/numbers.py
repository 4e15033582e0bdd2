"""Q7.24 in whole numbers, as the released circuit computes with it.

::

    x = code·2^−24,  code in 32 bits, two's complement
    add       saturates
    multiply  (a·b) >> 24, the upper bits dropped: it wraps
    tree      32 lanes in 5 stages, each of which shifts right by one: Σ/32, every stage rounded down
    exp       in Q12.19 for x ≤ 0: the largest of 0 and 15 tangents of e^x at −k²/200
    divide    (a << 24)/b, rounded towards zero

A result of the tree, read as Q12.19, is 32 times as large, so that the exponential sees the dot product itself with
five bits fewer behind the point. Codes are int64 here; what the circuit has no bits for is cut off.
"""

from __future__ import annotations

from math import exp

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]

FRAC = 24
FRAC_EXP = 19
TREE_STAGES = FRAC - FRAC_EXP
LANES = 2**TREE_STAGES
_LOW, _HIGH = -(2**31), 2**31 - 1


def code(x: NDArray[np.floating]) -> Codes:
    """Numbers as Q7.24, truncated towards zero and saturated."""
    return np.clip(np.trunc(np.asarray(x, np.float64) * 2.0**FRAC), _LOW, _HIGH).astype(np.int64)


def value(x: Codes, frac: int = FRAC) -> NDArray[np.float64]:
    """Codes as numbers."""
    return np.asarray(x, np.float64) / 2.0**frac


def add(a: Codes, b: Codes) -> Codes:
    """a + b, saturated."""
    return np.clip(a + b, _LOW, _HIGH)


def multiply(a: Codes, b: Codes, frac: int = FRAC) -> Codes:
    """a·b with the lower bits cut off and the upper ones dropped."""
    return wrap((a * b) >> frac)


def wrap(x: Codes) -> Codes:
    """The lower 32 bits as a signed number."""
    return ((x - _LOW) & 0xFFFFFFFF) + _LOW


def tree(x: Codes) -> Codes:
    """The adder tree over the last axis, which has `LANES` lanes."""
    while x.shape[-1] > 1:
        x = (x[..., ::2] + x[..., 1::2]) >> 1
    return x[..., 0]


def dot(a: Codes, b: Codes) -> Codes:
    """Σ a·b / 32 over the last axis."""
    return tree(multiply(a, b))


POINTS = tuple(-(k**2) / 200 for k in range(1, 16))
"""Where the tangents touch."""
SLOPES: Codes = np.array([int(exp(x) * 2**FRAC_EXP) for x in POINTS], np.int64)
INTERCEPTS: Codes = np.array([int(exp(x) * (1 - x) * 2**FRAC_EXP) for x in POINTS], np.int64)


def exponential(x: Codes) -> Codes:
    """e^x for x ≤ 0, both in Q12.19: the largest of 16 lines, one of them zero."""
    lines = multiply(x[..., None], SLOPES, FRAC_EXP) + INTERCEPTS
    return np.maximum(lines.max(-1), 0)


def divide(a: Codes, b: Codes) -> Codes:
    """a/b in Q7.24 for 0 ≤ a ≤ b and b > 0, both in one format."""
    return (a << FRAC) // b
