"""Noise of a spiking network as one value: what happens to spikes on their way, and to weights.

::

    deletion   a spike is lost with probability p, after its neuron has reset
    jitter     a spike of step t is read as one of step t' = clip(t + δ, 0, T−1) and worth a(t'); it arrives at
               max(t, t'), since nothing arrives before it was sent        δ = trunc(N(0, σ²)), toward zero
    weights    w ← w·(1 + N(0, σ_w²))

Jitter is of each spike, or, as published, of what a receiver reads in a step: all that arrives at a neuron at one
step is read δ steps off, and multiplied by q^δ, q = a(1)/a(0).

Reference: cite key ``park2021noise``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import erfc, isfinite, sqrt
from typing import Literal, final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.kernels.draws import uniform
from picojoule.noise.draws import keys_for


@final
@dataclass(frozen=True, kw_only=True)
class Noise:
    """What goes wrong, and the seed of it.

    Attributes:
        deletion: p, the share of spikes lost, 0 … below 1.
        jitter: σ in steps.
        granularity: ``"spike"``: each spike has its own δ; ``"step"``: all that arrives at a neuron at one step has
            one, as published.
        late: δ = ⌊|N|⌋ instead: spikes are late only.
        weights: σ_w, relative to each weight.
        seed: of all draws.
    """

    deletion: float = 0.0
    jitter: float = 0.0
    granularity: Literal["spike", "step"] = "spike"
    late: bool = False
    weights: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        self._require(0 <= self.deletion < 1, f"deletion={self.deletion}", "use a share from 0 to below 1")
        for name in ("jitter", "weights"):
            value = getattr(self, name)
            self._require(isfinite(value) and value >= 0, f"{name}={value}", "use a number that is not negative")
        known = self.granularity in ("spike", "step")
        self._require(known, f"granularity={self.granularity!r}", "choose spike or step")

    @property
    def label(self) -> str:
        """What of it there is, for tables."""
        off = "late" if self.late else "jitter"
        per_step = " per step" if self.granularity == "step" else ""
        parts = [
            f"deletion {self.deletion:g}" if self.deletion else "",
            f"{off} σ={self.jitter:g}{per_step}" if self.jitter else "",
            f"weights ±{self.weights:g}" if self.weights else "",
        ]
        return ", ".join(filter(None, parts)) or "no noise"

    @property
    def of_spikes(self) -> bool:
        """True where it acts on spikes, one by one or as they are read."""
        return self.deletion > 0 or self.jitter > 0

    @property
    def of_steps(self) -> bool:
        """True where it acts on what a neuron reads in a step."""
        return self.jitter > 0 and self.granularity == "step"

    def kept(self, samples: Tensor, node: str, sample: Tensor, counter: Tensor) -> Tensor:
        """Which spikes arrive, bool like `counter`.

        Args:
            samples: what each sample is known by, int64 ``[batch]``.
            node: the neurons that sent them.
            sample: of the batch, int64 like `counter`.
            counter: int64, a number of its own for each spike of a sample.
        """
        if not self.deletion:
            return torch.ones_like(counter, dtype=torch.bool)
        return uniform(keys_for(samples, f"deletion {node}", self.seed), sample, counter) >= self.deletion

    def shifts(self, samples: Tensor, node: str, sample: Tensor, counter: Tensor) -> Tensor:
        """δ of each spike, or of each reading, int64 like `counter`; arguments as for :meth:`kept`."""
        if not self.jitter:
            return torch.zeros_like(counter)
        steps, shares = zip(*self.law.items(), strict=True)
        below = torch.tensor(shares, dtype=torch.float64, device=counter.device).cumsum(0)
        drawn = uniform(keys_for(samples, f"jitter {node}", self.seed), sample, counter)
        return torch.bucketize(drawn, below[:-1], right=True) + steps[0]

    @cached_property
    def law(self) -> dict[int, float]:
        """P(δ) by δ, as far as it matters in float64."""
        if not self.jitter:
            return {0: 1.0}
        most = int(8 * self.jitter) + 1
        late = [_tail(k / self.jitter) - _tail((k + 1) / self.jitter) for k in range(most + 1)]
        if self.late:
            return dict(enumerate(late))
        sides = {k: share / 2 for k, share in enumerate(late) if k}
        return {**{-k: sides[k] for k in reversed(sides)}, 0: late[0], **sides}

    def gain(self, amplitudes: Sequence[float]) -> float:
        """What arrives of all that is sent: (1 − p)·Σ_t E[a(t')] / Σ_t a(t), over spikes that are equally often at
        every step; (1 − p)·E[q^δ] where a step is read as another.

        Args:
            amplitudes: a(t) of the code.
        """
        if self.of_steps:
            q = ratio(amplitudes)
            return (1 - self.deletion) * sum(share * q**delta for delta, share in self.law.items())
        last = len(amplitudes) - 1
        read = [
            share * amplitudes[min(max(t + delta, 0), last)]
            for t in range(last + 1)
            for delta, share in self.law.items()
        ]
        return (1 - self.deletion) * sum(read) / sum(amplitudes)

    def _require(self, true: bool, what: str, remedy: str) -> None:
        if not true:
            raise InputError(what, where="Noise", remedy=remedy)


def ratio(amplitudes: Sequence[float]) -> float:
    """q = a(1)/a(0), by which a spike is worth less a step later."""
    return amplitudes[1] / amplitudes[0] if len(amplitudes) > 1 else 1.0


def _tail(z: float) -> float:
    """P(|N(0, 1)| ≥ z)."""
    return erfc(z / sqrt(2))
