"""What is true of herders by construction, tried on random numbers: how often it fails, which must be never."""

from __future__ import annotations

import torch
from torch import Tensor

from picojoule.herding.form import Form
from picojoule.herding.network import DeepSpikingNet
from picojoule.herding.potential import BackwardPotential
from picojoule.neurons.herder import rectified, rectified_total, signed, signed_total

_FINE = 4096
"""Numbers are drawn in fractions of this power of two, whose sums are exact; ties at half a quantum occur and count."""


def signed_that_differ(*, herders: int = 1000, steps: int = 20, seed: int = 0) -> int:
    """Of signed herders with random drives, how many do not emit round(φ₀ + Σ u), ties to either side allowed."""
    u, phi = _drives(herders, steps, seed)
    total, s = phi + u.sum(0), torch.zeros(herders)
    for each in u:
        herded = signed(phi, each)
        s, phi = s + herded.s, herded.phi
    tie = (total - total.floor()) == 0.5
    return int(torch.where(tie, (s - total).abs() != 0.5, s != signed_total(total)).sum())


def rectified_that_differ(*, herders: int = 1000, steps: int = 20, seed: int = 0) -> int:
    """Of rectified herders with random drives, how many do not emit max(0, max_t ⌈φ₀ + Σ u − ½⌉)."""
    u, phi = _drives(herders, steps, seed)
    s, start = torch.zeros(herders), phi
    for each in u:
        herded = rectified(phi, each)
        s, phi = s + herded.s, herded.phi
    return int((s != rectified_total(u, start)).sum())


def engines_that_differ(*, samples: int = 40, seed: int = 0) -> int:
    """Of the weights that learnt random samples in whole numbers, by events and in lanes, how many differ."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(samples, 30, generator=generator)
    y = torch.randint(0, 5, (samples,), generator=generator)
    found = []
    for engine in ("events", "lanes"):
        potential = BackwardPotential.carry()
        form = Form(sizes=(30, 20, 15, 5), std=None, lanes=4, integer=True, engine=engine, potential=potential)
        net = DeepSpikingNet(form, generator=torch.Generator().manual_seed(seed))
        net.learn(x, y)
        found.append(net.weights)
    return int((found[0] != found[1]).sum())


def _drives(herders: int, steps: int, seed: int) -> tuple[Tensor, Tensor]:
    """Drives ``[steps, herders]`` of deviation 0.7, and potentials within ½."""
    generator = torch.Generator().manual_seed(seed)
    u = torch.randn(steps, herders, generator=generator) * 0.7
    phi = torch.rand(herders, generator=generator) - 0.5
    return (u * _FINE).round() / _FINE, (phi * _FINE).round() / _FINE
