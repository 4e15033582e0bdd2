"""Several heads, each with a target smoothed to its own degree."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.train.gradient import Loss


def smoothed(labels: Tensor, classes: int, peak: float) -> Tensor:
    """Targets ``[n, classes]`` with `peak` at the label and (1 − peak) / (classes − 1) elsewhere."""
    rest = (1 - peak) / (classes - 1)
    targets = torch.full((len(labels), classes), rest, device=labels.device)
    return targets.scatter_(1, labels[:, None], peak)


def graded(peaks: Sequence[float]) -> Loss:
    """Σ_i CE(softmax(z_i), target of peak_i) for a model whose logits are ``[heads, batch, classes]``.

    Early heads, which see less, are asked for less.

    Args:
        peaks: one a head.

    Raises:
        InputError: at once for peaks outside (0, 1]; in training, if the model has another number of heads.
    """
    if not peaks or not all(0 < peak <= 1 for peak in peaks):
        raise InputError(f"peaks {tuple(peaks)}", where="graded smoothing", remedy="give numbers above 0 and at most 1")

    def loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        logits = model(x)
        if len(logits) != len(peaks):
            raise InputError(
                f"{len(logits)} heads but {len(peaks)} peaks", where="graded smoothing", remedy="give a peak a head"
            )
        classes = logits.shape[2]
        parts = [
            nn.functional.cross_entropy(z, smoothed(y, classes, peak)) for z, peak in zip(logits, peaks, strict=True)
        ]
        return torch.stack(parts).sum()

    return loss
