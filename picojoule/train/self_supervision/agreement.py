"""Several heads that learn from their own mean.

::

    k̄ = stopgrad(mean_i k_i)        L_d = Σ_i T²·KL( softmax(k̄/T) ‖ softmax(k_i/T) ),   mean over the batch
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from picojoule.train.distillation import softened


def agreement(outputs: Sequence[Tensor], *, temperature: float = 4.0) -> Tensor:
    """L_d of outputs ``[b, d]`` of each head."""
    mean = torch.stack([each.detach() for each in outputs]).mean(0)
    return torch.stack([softened(mean, each, temperature, temperature) for each in outputs]).sum()
