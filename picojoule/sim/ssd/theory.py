"""What is known in closed form about write amplification: the greedy collector under uniform writes.

Blocks of b pages hold a fraction ρ of valid pages on average. In the mean field a block with i valid pages loses one
at a rate ∝ i, so as many blocks pass each level: p_i ∝ 1/i. They are collected at level k or k+1, so that the mean is
kept:

::

    (b − k − 1 + s) / (H_b − H_{k+1} + s/(k+1)) = ρ·b,   0 ≤ s ≤ 1        A = b / (b − (k + 1 − s))

with H_n the harmonic numbers; for b → ∞ the collected fraction x solves (1 − x) / (−ln x) = ρ, and A = 1 / (1 − x).
Derived here; the limit is the curve known for greedy and first-in-first-out collectors.
"""

from __future__ import annotations

from math import log

import numpy as np

from picojoule.base.errors import InputError
from picojoule.sim.ssd.device import Device


def utilisation(device: Device) -> float:
    """ρ: pages of the host over those of blocks with data; the reserve and one more, free or open, have none."""
    return device.logical_pages_of_plane / ((device.blocks - device.reserve - 1) * device.pages)


def greedy(utilisation: float, pages: int) -> float:
    """Write amplification of the greedy collector under uniform random writes.

    Args:
        utilisation: ρ, between 0 and 1.
        pages: b, of a block.

    Raises:
        InputError: ρ outside, or so near 1 that no block ever has an invalid page.
    """
    _require(utilisation)
    # mean valid pages of blocks collected as soon as they have k + 1, for k + 1 = 1 … b
    level = np.arange(pages, 0, -1)
    after = np.concatenate(([0.0], np.cumsum(1.0 / level)))  # H_b − H_k for k = b, b − 1, … 0
    blocks = np.arange(pages + 1)  # b − k
    occupied = np.divide(blocks[1:], after[1:])  # falls with the level
    wanted = utilisation * pages
    if occupied[0] <= wanted:
        raise InputError(f"{utilisation:.3f} of all pages are valid", where="greedy collector", remedy="raise spare")
    at = int(np.argmax(occupied <= wanted))  # the level k + 1 at which s = 1 would be too few
    d, h, k1 = blocks[at], after[at], float(level[at])
    share = (wanted * h - d) / (1 - wanted / k1)
    return pages / (pages - (k1 - share))


def greedy_of_large_blocks(utilisation: float) -> float:
    """The same for blocks of very many pages: A = 1 / (1 − x) with (1 − x) / (−ln x) = ρ."""
    _require(utilisation)
    low, high = 1e-300, 1 - 1e-12
    for _ in range(200):
        x = (low + high) / 2
        low, high = (x, high) if (1 - x) / -log(x) < utilisation else (low, x)
    return 1 / (1 - low)


def _require(utilisation: float) -> None:
    if not 0 < utilisation < 1:
        raise InputError(f"ρ is {utilisation}", where="greedy collector", remedy="give a fraction between 0 and 1")
