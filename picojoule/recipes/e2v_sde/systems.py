"""Ways to make video of events: each gives frames at all parts of every window, the last of them at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from picojoule.models.events import LatentSDEReconstructor

TIMES = tuple((k + 1) / 5 for k in range(5))
Watch = Callable[[nn.Module, Tensor, Tensor], Tensor]
"""A network, grids ``[n, windows, bins, h, w]`` and the same films in shorter windows to frames ``[n, windows, 5, h, w]``."""


def held(model: nn.Module, voxels: Tensor, _: Tensor) -> Tensor:
    """One frame a window, shown until the next."""
    return between_ends(model(voxels), blend=False)


def blended(model: nn.Module, voxels: Tensor, _: Tensor) -> Tensor:
    """One frame a window, and mixtures of two neighbours between."""
    return between_ends(model(voxels), blend=True)


def run_again(model: nn.Module, _: Tensor, fine: Tensor) -> Tensor:
    """A window of its own for every frame."""
    return model(fine).unflatten(1, (-1, len(TIMES)))


def mean_path(model: nn.Module, voxels: Tensor, _: Tensor) -> Tensor:
    """One trajectory without noise, looked at five times a window."""
    return model(voxels, TIMES).frames


def held_path(model: nn.Module, voxels: Tensor, _: Tensor) -> Tensor:
    """The same looked at once a window, and shown until the next."""
    return between_ends(model(voxels).frames[:, :, 0], blend=False)


def sampled(samples: int, seed: int) -> Watch:
    """The mean of several noisy trajectories."""

    def watch(model: nn.Module, voxels: Tensor, _: Tensor) -> Tensor:
        return paths(model, voxels, samples, seed).mean(0)

    return watch


def skipping(fewest: int) -> Watch:
    """No noise, and no encoder in windows of fewer events than this in any of the films, which go one by one."""

    def watch(model: nn.Module, voxels: Tensor, _: Tensor) -> Tensor:
        calm = voxels.abs().sum((2, 3, 4)) < fewest
        return torch.cat([model(v[None], TIMES, skip=skip).frames for v, skip in zip(voxels, calm, strict=True)])

    return watch


def paths(model: nn.Module, voxels: Tensor, samples: int, seed: int) -> Tensor:
    """Frames of noisy trajectories, ``[samples, n, windows, 5, h, w]``."""
    return torch.stack([model(voxels, TIMES, seed=seed + k).frames for k in range(samples)])


def between_ends(ends: Tensor, *, blend: bool) -> Tensor:
    """Frames ``[n, windows, 5, h, w]`` from those at the ends of windows ``[n, windows, h, w]``."""
    before = torch.cat((ends[:, :1], ends[:, :-1]), 1)
    shares = torch.tensor(TIMES) if blend else (torch.tensor(TIMES) == 1).float()
    return before[:, :, None] + shares[:, None, None] * (ends - before)[:, :, None]


@final
class Call(nn.Module):
    """A network called in one way, so that the counter sees it.

    Args:
        model: a network.
        times: parts of a window, for a latent SDE; None for others.
        skip: windows without their encoder.
    """

    def __init__(self, model: nn.Module, times: tuple[float, ...] | None = None, skip: Tensor | None = None) -> None:
        super().__init__()
        self.model, self.times, self.skip = model, times, skip

    def forward(self, voxels: Tensor) -> Tensor:
        """What the network gives."""
        if not isinstance(self.model, LatentSDEReconstructor):
            return self.model(voxels)
        return self.model(voxels, self.times or (1.0,), skip=self.skip).frames


@final
@dataclass(frozen=True, kw_only=True)
class System:
    """A way to make video.

    Attributes:
        name: in tables.
        arm: the name of the network's.
        watch: how it is used.
        times: the frames of a window that its costs are shared by.
        windows: passes of the encoder a window, where they are not one.
    """

    name: str
    arm: str
    watch: Watch
    times: tuple[float, ...] = (1.0,)
    windows: int = 1
