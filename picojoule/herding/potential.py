"""What a backward herder starts a sample with: one equation, and the members of its family.

::

    ψ₀ = κ·ψ_T + a·γ^epoch·ξ        ξ ~ U(−1, 1) or N(0, 1)

ψ_T is what the herder was left with by the sample before. In a presentation it emits round(ψ₀ + Σ error) in all, so ψ₀
decides how a back-propagated error is rounded: to the nearest number (zero), with what was lost before (carry), or at
random with the right mean (uniform with a = ½).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import InputError

LAWS = ("uniform", "normal")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class BackwardPotential:
    """A member of the family, in units of the quantum.

    Attributes:
        keep: κ, from 0 to 1.
        scale: a ≥ 0.
        law: of ξ.
        decay: γ, from 0 to 1; 1 leaves a as it is.
    """

    keep: float = 0.0
    scale: float = 0.0
    law: str = "uniform"
    decay: float = 1.0

    def __post_init__(self) -> None:
        sane = 0 <= self.keep <= 1 and isfinite(self.scale) and self.scale >= 0 and 0 <= self.decay <= 1
        if not sane or self.law not in LAWS:
            raise InputError(
                f"keep={self.keep}, scale={self.scale}, law={self.law!r}, decay={self.decay}",
                where="BackwardPotential",
                remedy=f"keep and decay from 0 to 1, scale ≥ 0, a law of {', '.join(LAWS)}",
            )

    @classmethod
    def zero(cls) -> BackwardPotential:
        """ψ₀ = 0: an error below half a quantum is lost, every time."""
        return cls()

    @classmethod
    def carry(cls) -> BackwardPotential:
        """ψ₀ = ψ_T: no error is lost, but it may go to another sample (sigma-delta)."""
        return cls(keep=1.0)

    @classmethod
    def leaky_carry(cls, keep: float = 0.5) -> BackwardPotential:
        """ψ₀ = κ·ψ_T."""
        return cls(keep=keep)

    @classmethod
    def uniform(cls, scale: float = 0.5) -> BackwardPotential:
        """ψ₀ ~ U(−a, a): with a = ½ the rounding is unbiased for each sample; below, |error| < ½ − a is lost."""
        return cls(scale=scale)

    @classmethod
    def normal(cls, scale: float = 0.29) -> BackwardPotential:
        """ψ₀ ~ N(0, a²); 0.29 ≈ 1/√12 has the variance of U(−½, ½)."""
        return cls(scale=scale, law="normal")

    @classmethod
    def schedule(cls, scale: float = 0.5, decay: float = 0.8) -> BackwardPotential:
        """ψ₀ ~ U(−a, a) with a = scale·γ^epoch: dither while errors are small and many, fewer spikes later."""
        return cls(scale=scale, decay=decay)

    def draw(self, samples: int, units: int, epoch: int) -> Tensor:
        """a·γ^epoch·ξ from torch's global generator, float32 ``[samples, units]``; zeros, undrawn, where a = 0."""
        if not self.scale:
            return torch.zeros(samples, units)
        xi = torch.randn(samples, units) if self.law == "normal" else 2 * torch.rand(samples, units) - 1
        return xi * (self.scale * self.decay**epoch)
