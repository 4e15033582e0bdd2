"""The few-spikes neuron: three sequences, T, h and d, which are a function.

::

    v(1) = clip(x, low, high);   t = 1 … K:   z(t) = [v(t) ≥ T(t)];   y ← y + d(t)·z(t);   v(t+1) = v(t) − h(t)·z(t)

The index is that of inference: h(t) is what the spike at t itself takes away. The training scripts of the first paper
subtract h(t)·z(t−1) in front of step t; their sequences are shifted by :meth:`Sequences.from_early_resets`.

Reference: cite keys ``stoeckl2021``, ``jeong2024``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.kernels.segments import segments
from picojoule.kernels.successive import Tables


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Sequences:
    """T, h and d of a few-spikes neuron, and the range it was fitted on, at whose ends its potential saturates.

    Attributes:
        thresholds: T(t).
        resets: h(t).
        amplitudes: d(t).
        low, high: of v(1).
    """

    thresholds: tuple[float, ...]
    resets: tuple[float, ...]
    amplitudes: tuple[float, ...]
    low: float = -inf
    high: float = inf

    def __post_init__(self) -> None:
        for name in ("thresholds", "resets", "amplitudes"):
            object.__setattr__(self, name, tuple(np.asarray(getattr(self, name), np.float32).tolist()))
        lengths = {len(self.thresholds), len(self.resets), len(self.amplitudes)}
        if len(lengths) > 1 or not self.thresholds or not self.low < self.high:
            raise InputError(
                f"{len(self.thresholds)} thresholds, {len(self.resets)} resets and {len(self.amplitudes)} amplitudes"
                f" on {self.low:g} … {self.high:g}",
                where="few_spikes.Sequences",
                remedy="give one of each for every step, and a range",
            )

    @classmethod
    def from_early_resets(
        cls, thresholds: Sequence[float], resets: Sequence[float], amplitudes: Sequence[float], **limits: float
    ) -> Sequences:
        """From sequences whose h(t) is what the spike *before* step t takes away; its first entry has no effect."""
        return cls(thresholds=tuple(thresholds), resets=(*resets[1:], 0.0), amplitudes=tuple(amplitudes), **limits)

    @property
    def steps(self) -> int:
        """K."""
        return len(self.thresholds)

    def __call__(self, x: Tensor) -> Tensor:
        """y for every value of `x`, step by step."""
        return self.stepped(x)[0]

    def stepped(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """y and the spikes of every value of `x`, int64, by the loop over t: what every faster form is held to."""
        v, y, spikes = x.clamp(self.low, self.high), torch.zeros_like(x), torch.zeros(x.shape, dtype=torch.int64)
        for T, h, d in zip(self.thresholds, self.resets, self.amplitudes, strict=True):
            z = v >= T
            y, v, spikes = y + d * z, v - h * z, spikes + z
        return y, spikes

    def staircase(self, low: float | None = None, high: float | None = None) -> Staircase:
        """The neuron as a staircase on its range, or on the one that is given."""
        low, high = max(self.low, low or self.low), min(self.high, high or self.high)
        found = segments(np.asarray(self.thresholds, float), np.asarray(self.resets, float), low, high)
        bits = found.fired[:, None] >> np.arange(self.steps) & 1
        return Staircase(
            torch.from_numpy(found.edges[1:-1].copy()),
            torch.from_numpy(bits @ np.asarray(self.amplitudes)),
            torch.from_numpy(bits.sum(1)),
        )

    def scaled(self, scale: float) -> Sequences:
        """The neuron that computes f(scale·x)/scale, where this one computes f."""
        parts = (tuple(each / scale for each in part) for part in (self.thresholds, self.resets, self.amplitudes))
        T, h, d = parts
        return Sequences(thresholds=T, resets=h, amplitudes=d, low=self.low / scale, high=self.high / scale)

    def tables(self) -> Tables:
        """The sequences as arrays for the compiled kernel."""
        T, h, d = (np.asarray(each, np.float32) for each in (self.thresholds, self.resets, self.amplitudes))
        none = np.zeros_like(T)
        return Tables(T, h, d, np.full_like(T, np.nan), none, none, np.float32(self.low), np.float32(self.high))


class Staircase(NamedTuple):
    """A function that is constant between breakpoints.

    Attributes:
        breakpoints: where it jumps, rising, ``[n − 1]``; the value at a breakpoint is that above it.
        values: y of each segment, ``[n]``.
        spikes: of each segment, ``[n]``.
    """

    breakpoints: Tensor
    values: Tensor
    spikes: Tensor

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """y and the spikes of every value of `x`."""
        place = torch.bucketize(x, self.breakpoints.to(x), right=True)
        return self.values.to(x)[place], self.spikes[place]


class Quality(NamedTuple):
    """How well sequences compute a function on a uniform grid of their range: squared error, largest error, spikes."""

    error: float
    largest: float
    spikes: float


def quality(
    sequences: Sequences,
    compute: Callable[[Tensor], Tensor],
    low: float,
    high: float,
    density: Sequence[float] | None = None,
    points: int = 100_000,
) -> Quality:
    """Mean squared error (the papers' number), largest error, and mean spikes.

    Args:
        sequences: of the neuron.
        compute: the function.
        low, high: the range of the grid.
        density: weights of equal parts of the range; all alike if None.
        points: of the grid.
    """
    x = torch.linspace(low, high, points, dtype=torch.float64)
    y, spikes = sequences.stepped(x)
    weights = torch.ones_like(x) if density is None else torch.from_numpy(on_grid(density, points))
    weights = weights / weights.sum()
    off = y - compute(x)
    return Quality(
        float((weights * off.square()).sum()), float(off.abs().max()), float((weights * spikes.double()).sum())
    )


def on_grid(density: Sequence[float], points: int) -> np.ndarray:
    """Weights of equal parts of a range as a density on a grid of it, linear between the middles of the parts."""
    parts = np.asarray(density, float)
    middles = (np.arange(len(parts)) + 0.5) / len(parts)
    return np.interp(np.linspace(0, 1, points), middles, parts)
