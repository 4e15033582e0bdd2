"""What is added to the loss when kernels of time-to-first-spike neurons are learnt (cite key ``park2021ttfs``).

::

    R       = Σ_l (τ_l − τ₀)² + (d_l − d₀)²                                         stay near the start
    R_spike = Σ_l n_l·mean_c Φ((μ_c − x_min)/σ_c) / Σ_l n_l                         spikes a neuron, expected
    R_code  = −Σ_c ½(γ²/3 + γ + 1)β³ − ½·x_min·β² − ½(x_min²·γ + 2)β − x_min(x_min²·γ² + 6)/6

x_min is the smallest drive that fires, held constant, so that a layer is moved and not its own kernel. μ and σ are
mean and deviation of the drive of a channel over the batch: behind a batch norm they are its β and |γ|, and where it
is folded away, as in a converted network, they are what it would be. R_spike takes the drive to be Gaussian. R_code is
the form in the authors' released code, with β = μ and γ = σ; it is no Gaussian tail, and falls where β is far below 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from picojoule.train.surrogate import Surrogate

_SMALLEST = 1e-6


def drift(model: Surrogate) -> Tensor:
    """R: how far the kernels are from where they started."""
    return torch.stack([kernel.distance() for _, kernel in model.learnt()]).sum()


def expected_spikes(model: Surrogate) -> Tensor:
    """R_spike of the last batch: expected spikes a neuron, those of the input left out."""
    total, neurons = 0.0, 0
    for u, beta, gamma, x_min in _moments(model):
        n = u[0].numel()
        total = total + n * torch.special.ndtr((beta - x_min) / gamma).mean()
        neurons += n
    return total / neurons


def released_penalty(model: Surrogate) -> Tensor:
    """R_code of the last batch."""
    total = 0.0
    for _, beta, gamma, x in _moments(model):
        cubic = (gamma**2 / 3 + gamma + 1) * beta**3 / 2
        rest = x * beta**2 / 2 + (x**2 * gamma + 2) * beta / 2 + x * (x**2 * gamma**2 + 6) / 6
        total = total - (cubic - rest).sum()
    return total


def _moments(model: Surrogate) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Of each hidden layer its drive, mean and deviation of that by channel, and the smallest drive that fires."""
    for fire, kernel in model.learnt():
        if fire.layer != "input":
            u = model.drives[fire.name]
            rows = u.transpose(0, 1).flatten(1)
            yield u, rows.mean(1), rows.std(1).clamp_min(_SMALLEST), kernel.smallest.detach()
