"""Learning video from events.

::

    L = |Î − I| + λ_P·P(Î, I) + λ_TC·TC + λ_D·|D − I| + β·(KL_0 + KL_path)

TC is :func:`picojoule.metrics.image.inconsistency`, and P a perceptual distance. Intensity cannot be known before
something has moved, so the first windows do not count (:data:`FIRST`). A network that gives frames within a window
learns from up to two of them beside the last, drawn anew in every step: it must get used to being asked now and then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from picojoule.metrics.image import inconsistency
from picojoule.models.events.latent_sde import LatentSDEReconstructor
from picojoule.train.gradient import Loss

FIRST = 2
"""Windows that are left out at the start."""
_MOST = 2
"""Frames within a window that are learnt from."""
Distance = Callable[[Tensor, Tensor], Tensor]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """λ_P, λ_TC, λ_D and β."""

    perceptual: float = 0.2
    consistency: float = 0.5
    image: float = 0.5
    divergence: float = 1e-3


def reconstruction_loss(weights: Weights, perceptual: Distance | None = None) -> Loss:
    """L of a model, grids ``[b, windows, bins, h, w]`` and frames with flow ``[b, windows, parts + 2, h, w]``.

    Args:
        weights: of the parts.
        perceptual: P of frames ``[n, h, w]`` and ``[n, h, w]``; needed where its weight is not 0.
    """

    def loss(model: nn.Module, voxels: Tensor, truth: Tensor) -> Tensor:
        frames, flow = truth[:, :, :-2], truth[:, :, -2:]
        found, due, extra = _frames(model, voxels, frames, weights)
        found, due, flow = found[:, FIRST:], due[:, FIRST:], flow[:, FIRST:]
        total = (found - due).abs().mean() + extra
        total = total + weights.consistency * inconsistency(found[:, :, -1], due[:, :, -1], flow).mean()
        if weights.perceptual:
            assert perceptual is not None
            total = (
                total
                + weights.perceptual * perceptual(found[:, :, -1].flatten(0, 1), due[:, :, -1].flatten(0, 1)).mean()
            )
        return total

    return loss


def _frames(model: nn.Module, voxels: Tensor, frames: Tensor, weights: Weights) -> tuple[Tensor, Tensor, Tensor]:
    """What the model gives, what is true ``[b, windows, times, h, w]``, and what only a latent SDE pays."""
    parts = frames.shape[2]
    if not isinstance(model, LatentSDEReconstructor):
        return model(voxels)[:, :, None], frames[:, :, -1:], frames.new_zeros(())
    more = torch.randperm(parts - 1)[: int(torch.randint(_MOST + 1, ()))]
    chosen = [*more.sort().values.tolist(), parts - 1]
    done = model(voxels, [(k + 1) / parts for k in chosen], seed=int(torch.randint(2**31, ())))
    due = frames[:, :, chosen]
    image = (done.synthesised - due)[:, FIRST:].abs().mean()
    return done.frames, due, weights.image * image + weights.divergence * done.kl.mean()
