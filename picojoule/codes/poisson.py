"""Poisson coding of an input: in every step a spike with the probability x.

::

    s(t) = [x + ξ(t) ≥ 1],   ξ(t) uniform in [0, 1);   a spike carries 1/P

ξ is a counter-based stream: draw number n of a sample is mix(key + n·γ) (SplitMix64), and the key is made of the seed
and the sample's own values. So a train depends neither on the batch, the engine nor the blocks that time is cut into.

Reference: SplitMix64 is of cite key ``steele2014``.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.codes.base import Code, Contract
from picojoule.neurons import Neuron, scan

_GAMMA, _MIX = np.uint64(0x9E3779B97F4A7C15), (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))


@final
@dataclass(frozen=True, kw_only=True)
class Poisson(Code):
    """A spike in a step with the probability of the value: an input code. The error falls as 1/√T.

    Attributes:
        steps: T.
        seed: of the draws.
        period: P, steps in which the value is carried once, by the mean of P draws.
    """

    contract: ClassVar[Contract] = Contract(closed="none", error="1/√T", payload="binary", spikes=None, random=True)
    name: ClassVar[str] = "poisson"
    waits: ClassVar[bool] = False
    cite: ClassVar[tuple[str, ...]] = ("steele2014",)
    symbols: ClassVar[dict[str, str]] = {"period": "P"}

    steps: int = 64
    seed: int = 0
    period: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_period(self.period)

    def paced(self, period: int) -> Poisson:
        return replace(self, period=period)

    def carrying(self, slope: float) -> Code:
        raise InputError(
            "it draws the spikes of an input",
            where="codes.Poisson",
            remedy="use codes.Hybrid(input=codes.Poisson(), hidden=...)",
        )

    def neuron(self) -> Neuron:
        return Neuron(thresholds=(1.0,) * self.steps, resets=(0.0,) * self.steps, leak=0.0)

    def amplitudes(self) -> tuple[float, ...]:
        return (1 / self.period,) * self.steps

    def injections(self) -> tuple[float, ...]:
        return self._once_a_period(self.period)

    def noise(self, x: Tensor, start: int, steps: int) -> Tensor:
        rows = x.detach().to("cpu", torch.float32).contiguous().flatten(1) if x.dim() > 1 else x.float().cpu()[:, None]
        keys = np.array([_key(self.seed, row) for row in rows.numpy()], np.uint64)
        drawn = torch.from_numpy(uniform(keys, rows.shape[1], start, steps)).view(steps, *x.shape).to(x)
        for t in range(steps):
            if (start + t) % self.period:  # x does not come by itself
                drawn[t] += x
        return drawn

    def value(self, u: Tensor) -> Tensor:
        """The share of steps with a spike in the draw of this seed."""
        share = torch.tensor(self.injections(), dtype=u.dtype, device=u.device).view(-1, *[1] * u.dim())
        return self.carried(scan(self.neuron(), share * u + self.noise(u, 0, self.steps))[0], u.dtype)

    def staircase(self) -> None:
        return None


def uniform(keys: np.ndarray, size: int, start: int, steps: int) -> np.ndarray:
    """Numbers of [0, 1) in float32, ``[steps, len(keys), size]``: draws start·size … of the stream of each key."""
    first = np.arange(start * size, (start + steps) * size, dtype=np.uint64).reshape(steps, 1, size)
    z = keys[None, :, None] + (first + np.uint64(1)) * _GAMMA
    for shift, factor in zip(_SHIFTS, _MIX, strict=False):
        z = (z ^ (z >> shift)) * factor
    z ^= z >> _SHIFTS[2]
    return (z >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


def _key(seed: int, sample: np.ndarray) -> int:
    """Two checksums of a sample's values, and the seed."""
    values = sample.tobytes()
    mixed = zlib.crc32(values) << 32 | zlib.adler32(values)
    return (mixed + seed * 0xD1342543DE82EF95) & 0xFFFFFFFFFFFFFFFF
