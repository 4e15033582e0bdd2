"""Several heads that learn from their own mean.

::

    k̄ = stopgrad(mean_i k_i)        L_d = Σ_i T²·KL( softmax(k̄/T) ‖ softmax(k_i/T) ),   mean over the batch
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from picojoule.train.distillation import divergence


def agreement(outputs: Sequence[Tensor], *, temperature: float = 4.0) -> Tensor:
    """L_d of outputs ``[b, d]`` of each head."""
    mean = torch.stack([each.detach() for each in outputs]).mean(0)
    p = (mean / temperature).log_softmax(-1)
    return temperature**2 * torch.stack([divergence(p, each / temperature) for each in outputs]).sum()
