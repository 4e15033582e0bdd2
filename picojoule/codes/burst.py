"""Burst coding: each spike in a row weighs β times the one before, so that a neuron with much to send sends it quickly.

::

    θ(t) = g(t)·v_th;  a spike subtracts and carries g(t)·r       g(t) = β·g(t−1) after a spike, 1 after a silent step

n spikes in a row carry r·(βⁿ − 1)/(β − 1). A burst ends with a silent step, however much is left. A receiver multiplies
by a power of β: with β = 2 it shifts.

Under a drive z that is the same in every step, spike k = 0, 1, … of a burst that starts with the potential V comes if
V + (k+1)·z − r·(βᵏ − 1)/(β − 1) ≥ βᵏ·v_th. The burst ends at the first k for which it does not.

Biases and analogue input enter in every step, or all at once at the first step of every period of P: a charge that is
there when a burst begins is sent with fewer spikes and a smaller rest than one that trickles in.

Reference: cite key ``park2019``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log2
from typing import ClassVar, Literal, final

import numpy as np
import torch
from torch import Tensor

from picojoule.codes.base import Code, Contract
from picojoule.neurons import Neuron, scan


@final
@dataclass(frozen=True, kw_only=True)
class Burst(Code):
    """Spikes whose weight grows within a burst; the error falls as 1/T.

    Attributes:
        steps: T.
        beta: β, by how much each spike of a burst weighs more than the one before.
        threshold: v_th, the threshold of the first spike of a burst.
        amount: r, what the first spike of a burst subtracts and carries; v_th if None.
        initial: v(0).
        period: P; 1 takes biases and analogue input in at every step, more at the first step of every P.
    """

    contract: ClassVar[Contract] = Contract(
        closed="ideal", error="1/T", payload="power_of_two", spikes=None, monotone="within a spike"
    )
    name: ClassVar[str] = "burst"
    waits: ClassVar[bool] = False
    cite: ClassVar[tuple[str, ...]] = ("park2019",)
    symbols: ClassVar[dict[str, str]] = {
        "beta": "β", "threshold": "θ", "amount": "r", "initial": "v₀", "period": "P",
    }  # fmt: skip

    steps: int = 64
    beta: float = 2.0
    threshold: float = 0.125
    amount: float | None = None
    initial: float = 0.0
    period: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.amount == self.threshold:
            object.__setattr__(self, "amount", None)  # one form for one code
        self._require(self.beta >= 1, f"beta={self.beta}", "use a growth of at least 1")
        self._require(self.threshold > 0, f"threshold={self.threshold}", "use a positive threshold")
        self._require(0 < self.quantum <= self.threshold, f"amount={self.amount}", "use 0 < amount ≤ threshold")
        self._require(0 <= self.initial < self.threshold, f"initial={self.initial}", "start below the threshold")
        self._require_period(self.period)

    @property
    def quantum(self) -> float:
        """r."""
        return self.threshold if self.amount is None else self.amount

    @property
    def payload(self) -> Literal["binary", "power_of_two", "real"]:
        return {1.0: "binary", 2.0: "power_of_two"}.get(self.beta, "real")  # type: ignore[return-value]

    def paced(self, period: int) -> Burst:
        return replace(self, period=period)

    def neuron(self) -> Neuron:
        threshold, quantum, beta = (float(np.float32(each)) for each in (self.threshold, self.quantum, self.beta))
        tables = {"thresholds": (threshold,) * self.steps, "resets": (quantum,) * self.steps}
        return Neuron(**tables, initial=self.initial, growth=beta)

    def amplitudes(self) -> tuple[float, ...]:
        return (float(np.float32(self.quantum)),) * self.steps

    def carried(self, spikes_tb: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """û = Σ_t r·β^m(t)·s(t) / repeats, m(t) spikes having come right before."""
        total, g = (torch.full(spikes_tb.shape[1:], each, dtype=dtype, device=spikes_tb.device) for each in (0, 1))
        growth = self.neuron().growth
        for spikes in spikes_tb:
            total += g * spikes
            g = torch.where(spikes, growth * g, 1)
        return total * self.amplitudes()[0] / self.repeats

    def injections(self) -> tuple[float, ...]:
        return self._once_a_period(self.period)

    def value(self, u: Tensor) -> Tensor:
        """Burst by burst under a constant drive; stepped where the drive comes once a period."""
        share = torch.tensor(self.injections(), dtype=u.dtype, device=u.device).view(-1, *[1] * u.dim())
        if self.period == 1 and self.beta == 2:
            return self._burst_by_burst(u) / self.steps
        return self.carried(scan(self.neuron(), share * u)[0], u.dtype)

    def _burst_by_burst(self, z: Tensor) -> Tensor:
        """What is sent in T steps with the same drive z in each."""
        charge = self.initial + self.steps * float(z.amax().clamp(min=0)) if z.numel() else 0.0
        most = min(self.steps, int(log2(1 + charge / self.quantum)) + 2)  # spikes in a row, if all of it came at once
        k = torch.arange(most, dtype=z.dtype, device=z.device).view(-1, *[1] * z.dim())
        v, sent = torch.full_like(z, self.initial), torch.zeros_like(z)
        left = torch.where(z > 0, torch.full_like(z, self.steps), 0)
        while bool((left > 0).any()):
            silent = ((self.threshold - v) / z).ceil().sub(1).clamp_min(0)
            v = torch.where(left > 0, v + silent * z, 0)
            holds = v + (k + 1) * z - self.quantum * (2**k - 1) >= 2**k * self.threshold
            length = torch.minimum(holds.to(z.dtype).cumprod(0).sum(0), (left - silent).clamp_min(0))
            carried = self.quantum * (2**length - 1)
            sent, v = sent + carried, v + (length + 1) * z - carried
            left = (left - silent - length - 1).clamp_min(0)
        return sent

    def staircase(self) -> None:
        return None
