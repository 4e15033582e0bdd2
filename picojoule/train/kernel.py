"""The kernel of time-to-first-spike neurons as parameters (cite key ``park2021ttfs``).

::

    t_f = max(0, d − τ·ln(u/θ₀))      t = ⌈t_f⌉, straight through      û = e^((d − t)/τ),  0 where t > T − 1

With θ₀ = e^(−1/2τ) the time is rounded to the nearest step, and θ₀ follows τ. Gradients that this implies: in range
∂û/∂u = û/u and ∂û/∂τ = û·(t − t_f)/τ²; where t = 0, ∂û/∂u = 0, ∂û/∂d = û/τ and ∂û/∂τ = −û·d/τ²; none where silent.
"""

from __future__ import annotations

from dataclasses import replace
from math import exp, isclose, log
from typing import final

import torch
from torch import Tensor, nn

from picojoule.codes import TTFS
from picojoule.kernels import staircase


@final
class Kernel(nn.Module):
    """τ and d of one layer, encoder and decoder tied.

    Args:
        code: where they start.
    """

    def __init__(self, code: TTFS) -> None:
        super().__init__()
        self._code = code
        self._nearest = isclose(code.threshold, _half_a_step(code.kernel_tau), rel_tol=1e-6)
        self.log_tau = nn.Parameter(torch.tensor(log(code.kernel_tau)))
        self.delay = nn.Parameter(torch.tensor(float(code.delay)))

    @property
    def tau(self) -> Tensor:
        """τ in steps."""
        return self.log_tau.exp()

    @property
    def smallest(self) -> Tensor:
        """The smallest u that fires, θ₀·e^((d − T + 1)/τ)."""
        return self._threshold() * torch.exp((self.delay - self._code.steps + 1) / self.tau)

    def forward(self, u: Tensor) -> Tensor:
        """û for the drive `u` of a neuron."""
        t_f, fires = self._time(staircase.magnitude(u, self._code.slope))
        t = t_f + (t_f.ceil() - t_f).detach()
        values = torch.where(fires, torch.exp((self.delay - t) / self.tau), 0.0)
        return torch.where(u < 0, -values, values) if self._code.slope else values

    @torch.no_grad()
    def times(self, u: Tensor) -> Tensor:
        """⌈t_f⌉ for the drive `u`, T where it stays silent, int64."""
        t_f, fires = self._time(staircase.magnitude(u, self._code.slope))
        return torch.where(fires, t_f.ceil(), self._code.steps).long()

    def _time(self, magnitude: Tensor) -> tuple[Tensor, Tensor]:
        """t_f, and whether it is within the window."""
        positive = magnitude > 0
        u = torch.where(positive, magnitude, 1.0)
        t_f = torch.relu(self.delay - self.tau * torch.log(u / self._threshold()))
        return t_f, positive & (t_f.ceil() < self._code.steps)

    def distance(self) -> Tensor:
        """(τ − τ₀)² + (d − d₀)², from where they started."""
        return (self.tau - self._code.kernel_tau).square() + (self.delay - self._code.delay).square()

    def code(self) -> TTFS:
        """The code with the kernel as it is now."""
        tau = self.log_tau.exp().item()
        threshold = _half_a_step(tau) if self._nearest else self._code.threshold
        return replace(self._code, tau=tau, delay=self.delay.item(), threshold=threshold)

    def _threshold(self) -> Tensor | float:
        return torch.exp(-0.5 / self.tau) if self._nearest else self._code.threshold


def _half_a_step(tau: float) -> float:
    return exp(-1 / (2 * tau))
