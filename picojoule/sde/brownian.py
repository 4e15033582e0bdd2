"""Brownian paths as functions of time: whoever asks twice, or in between, meets the same path.

::

    W(n+1) − W(n) = ξ_n                                             a unit of time, from (seed, n)
    W(m) = ½ (W(a) + W(b)) + ½ √(b − a) ξ_{n,m},   m = ½ (a + b)    the bridge, halved again until it meets t

Nothing is remembered between calls: every ξ is drawn from a generator of its own, seeded by its place in the tree. A
finer grid therefore leaves the values on the coarse one as they are, bit by bit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, sqrt
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import InputError

DEPTH = 16
"""Halvings of a unit of time: times are told apart from 2⁻¹⁶ on, and read as the nearest of these."""
_WORD = 2**64
_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


class Path(ABC):
    """A driving path: its increments between any two times."""

    @abstractmethod
    def increment(self, start: float, stop: float) -> Tensor:
        """W(stop) − W(start), of the path's shape."""


@final
@dataclass(frozen=True, kw_only=True)
class Brownian(Path):
    """Independent standard Brownian motions.

    Attributes:
        shape: of a value.
        seed: which path.
        device, dtype: of the values; they are drawn on the CPU in float64, so that they are the same everywhere.

    Raises:
        InputError: a time below 0, or not finite.
    """

    shape: Sequence[int]
    seed: int = 0
    device: torch.device | str = "cpu"
    dtype: torch.dtype = torch.float32

    def increment(self, start: float, stop: float) -> Tensor:
        """W(stop) − W(start); exactly minus the increment the other way."""
        (first, before), (last, after) = _place(start), _place(stop)
        whole = range(min(first, last), max(first, last))
        steps = sum((self._normal(n, 0) for n in whole), torch.zeros(*self.shape, dtype=torch.float64))
        total = self._within(last, after) - self._within(first, before) + (steps if last >= first else -steps)
        return total.to(self.device, self.dtype)

    def _within(self, n: int, part: int) -> Tensor:
        """W(n + part·2^−DEPTH) − W(n), by halving."""
        left, right = torch.zeros(*self.shape, dtype=torch.float64), self._normal(n, 0)
        low, high, node = 0, 1 << DEPTH, 1
        if part == low:
            return left
        while True:
            middle = (low + high) // 2
            centre = (left + right) / 2 + sqrt((high - low) / (1 << DEPTH)) / 2 * self._normal(n, node)
            if part == middle:
                return centre
            goes_right = part > middle
            node = 2 * node + goes_right
            low, high, left, right = (middle, high, centre, right) if goes_right else (low, middle, left, centre)

    def _normal(self, n: int, node: int) -> Tensor:
        generator = torch.Generator().manual_seed(_mix(_mix(_mix(self.seed) + n) + node) >> 1)
        return torch.randn(*self.shape, generator=generator, dtype=torch.float64)


@final
@dataclass(frozen=True, kw_only=True)
class Still(Path):
    """No noise: an equation driven by it is an ordinary one."""

    shape: Sequence[int]
    device: torch.device | str = "cpu"
    dtype: torch.dtype = torch.float32

    def increment(self, start: float, stop: float) -> Tensor:
        """Zeros."""
        return torch.zeros(*self.shape, device=self.device, dtype=self.dtype)


def _place(t: float) -> tuple[int, int]:
    """The unit of time that t is in, and how far into it."""
    if not 0 <= t < float("inf"):
        raise InputError(f"time {t}", where="Brownian path", remedy="ask for finite times from 0 on")
    n = floor(t)
    part = round((t - n) * (1 << DEPTH))
    return (n, part) if part < 1 << DEPTH else (n + 1, 0)


def _mix(z: int) -> int:
    """The finaliser of SplitMix64."""
    z = (z + _GOLDEN) % _WORD
    z = (z ^ z >> 30) * _FIRST % _WORD
    z = (z ^ z >> 27) * _SECOND % _WORD
    return z ^ z >> 31
