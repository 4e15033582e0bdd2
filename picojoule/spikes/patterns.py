"""What a raster tells about how neurons fire: gaps between spikes, bursts, rate and regularity.

A gap (inter-spike interval) is the difference of two consecutive spike times of a neuron. A burst is a longest run of
spikes with gaps of 1.

Regularity is the shape κ of the Gamma law that the gaps of a neuron would have at greatest likelihood::

    log κ − ψ(κ) = log(mean gap) − mean(log gap)

κ = 1 is a Poisson process; a clock has κ = ∞; bursts with pauses between them have κ < 1.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from picojoule.spikes.trains import Raster

_CLOCK = 1e3
"""κ of gaps that are all the same, or nearly."""
_TURNS, _FEW = 40, 3


def gaps(raster: Raster) -> Tensor:
    """How many gaps of each length there are, int64 ``[steps]``; entry d counts the gaps of d steps."""
    _, gap = _gaps(raster)
    return torch.bincount(gap, minlength=raster.steps)


def places(raster: Raster) -> Tensor:
    """How many spikes have m spikes right before them, int64 ``[steps]``, m = 0 …: 0 opens a burst."""
    found = torch.zeros(raster.steps, dtype=torch.long)
    before = torch.zeros(raster.spikes.shape[1:], dtype=torch.long)
    for spikes in raster.spikes:
        found += torch.bincount(before[spikes], minlength=raster.steps)
        before = torch.where(spikes, before + 1, 0)
    return found


class Pattern(NamedTuple):
    """Mean log₁₀ of the rate (spikes a step) and of the regularity κ over the neurons that fire often enough for one,
    and how many these are."""

    log_rate: float
    log_regularity: float
    neurons: int


def pattern(raster: Raster) -> Pattern | None:
    """Where a population is in the plane of rate and regularity; None where no neuron has three gaps."""
    unit, gap = _gaps(raster)
    length = gap.double()
    units = raster.spikes[0].numel()
    number, total, logs = (
        torch.zeros(units, dtype=torch.double).index_add_(0, unit, each)
        for each in (torch.ones_like(length), length, length.log())
    )
    chosen = number >= _FEW
    if not chosen.any():
        return None
    mean, log_mean = total[chosen] / number[chosen], logs[chosen] / number[chosen]
    kappa = gamma_shape(mean.log() - log_mean)
    rate = raster.spikes.flatten(1).double().mean(0)[chosen]
    return Pattern(float(rate.log10().mean()), float(kappa.log10().mean()), int(chosen.sum()))


def gamma_shape(s: Tensor) -> Tensor:
    """κ with log κ − ψ(κ) = s ≥ 0, by Newton's method; at most 1000, which is a clock."""
    s = s.clamp_min(1 / (2 * _CLOCK))
    kappa = (3 - s + ((s - 3).square() + 24 * s).sqrt()) / (12 * s)
    for _ in range(_TURNS):
        error = kappa.log() - torch.digamma(kappa) - s
        kappa = (kappa - error / (1 / kappa - torch.polygamma(1, kappa))).clamp(1e-6, _CLOCK)
    return kappa


def _gaps(raster: Raster) -> tuple[Tensor, Tensor]:
    """The neuron and the length of every gap."""
    unit, t = raster.spikes.flatten(1).T.nonzero(as_tuple=True)
    same = unit[1:] == unit[:-1]
    return unit[1:][same], (t[1:] - t[:-1])[same]
