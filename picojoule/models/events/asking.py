"""Frames at any list of times, also later than the last event."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.models.events.latent_sde import LatentSDEReconstructor
from picojoule.models.events.recurrent import padded


def frames_at(
    model: LatentSDEReconstructor, voxels: Tensor, times: Sequence[float], *, seed: int | None = None
) -> Tensor:
    """Frames at times in windows from the start, ``[b, times, h, w]``.

    A time within the windows is seen with all events of its window. Beyond the last one the state goes on under the
    last context: a prediction.

    Args:
        model: the network.
        voxels: ``[b, windows, bins, h, w]``.
        times: above 0, rising.
        seed: of the noise; None draws none.

    Raises:
        InputError: no times, or times that do not rise from above 0.
    """
    if not times or not all(a < b < float("inf") for a, b in pairwise((0.0, *times))):
        raise InputError(f"frames at {list(times)}", where="frames_at", remedy="ask for rising, finite times above 0")
    height, width = voxels.shape[-2:]
    grids = padded(voxels, model.multiple)
    path, state, frames = model.path(grids, seed), None, []
    for k in range(ceil(times[-1])):
        parts = [t - k for t in times if k < t <= k + 1]
        grid = grids[:, k] if k < grids.shape[1] else None
        found, state = model.window(grid, state, parts or (1.0,), path, seed=seed)
        frames += found.frames.unbind(1) if parts else []
    return torch.stack(frames, 1)[..., :height, :width]
