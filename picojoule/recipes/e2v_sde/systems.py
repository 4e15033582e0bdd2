"""Ways to make video of events: each gives frames at five parts of every window, the last of them at its end."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from picojoule.data.events.films import Films
from picojoule.models.events import LatentSDEReconstructor
from picojoule.recipes.e2v_sde.plan import E2VID, ETNET, FIRENET, IMAGE, LEAKY, PARTS, SDE

TIMES = tuple((k + 1) / PARTS for k in range(PARTS))
END = (1.0,)
Watch = Callable[[nn.Module, Films, Films], Tensor]
"""A network, films, and the same in windows a fifth as long, to frames ``[n, windows, 5, h, w]``."""


def held(model: nn.Module, films: Films, _: Films) -> Tensor:
    """One frame a window, shown until the next."""
    return between_ends(_ends(model, films), blend=False)


def blended(model: nn.Module, films: Films, _: Films) -> Tensor:
    """One frame a window, and mixtures of two neighbours between."""
    return between_ends(_ends(model, films), blend=True)


def again(model: nn.Module, _: Films, fine: Films) -> Tensor:
    """A window of its own for every frame; sums decay as fast in time as they do in whole windows."""
    finer = copy(model)
    finer.decay = model.decay ** (1 / PARTS)  # type: ignore[operator]
    return finer(fine.voxels).unflatten(1, (-1, PARTS))


def mean_path(model: nn.Module, films: Films, _: Films) -> Tensor:
    """One trajectory without noise, looked at five times a window."""
    return model(films.voxels, TIMES).frames


def sampled(samples: int, seed: int) -> Watch:
    """The mean of several noisy trajectories."""

    def watch(model: nn.Module, films: Films, _: Films) -> Tensor:
        return paths(model, films, samples, seed).mean(0)

    return watch


def skipping(fewest: int) -> Watch:
    """No noise, and no encoder in a window of fewer events; films go one by one."""

    def watch(model: nn.Module, films: Films, _: Films) -> Tensor:
        calm = films.events < fewest
        pairs = zip(films.voxels, calm, strict=True)
        return torch.cat([model(grids[None], TIMES, skip=skip).frames for grids, skip in pairs])

    return watch


def paths(model: nn.Module, films: Films, samples: int, seed: int) -> Tensor:
    """Frames of noisy trajectories, ``[samples, n, windows, 5, h, w]``."""
    return torch.stack([model(films.voxels, TIMES, seed=seed + k).frames for k in range(samples)])


def between_ends(ends: Tensor, *, blend: bool) -> Tensor:
    """Frames ``[n, windows, 5, h, w]`` from those at the ends of windows ``[n, windows, h, w]``."""
    before = torch.cat((ends[:, :1], ends[:, :-1]), 1)
    shares = torch.tensor(TIMES) if blend else (torch.tensor(TIMES) == 1).float()
    return before[:, :, None] + shares[:, None, None] * (ends - before)[:, :, None]


def _ends(model: nn.Module, films: Films) -> Tensor:
    done = model(films.voxels)
    return done if isinstance(done, Tensor) else done.frames[:, :, 0]


@final
@dataclass(frozen=True, kw_only=True)
class System:
    """A way to make video.

    Attributes:
        name: in tables.
        arm: the name of the network's.
        watch: how it is used.
        frames: a window, for its costs.
        passes: of the whole network a window, where its windows are shorter.
        samples: trajectories.
        fewest: events of a window below which the encoder rests.
    """

    name: str
    arm: str
    watch: Watch
    frames: int = 1
    passes: int = 1
    samples: int = 1
    fewest: int = 0


EACH = f"{PARTS} frames a window"
BASELINE = "ann fp32"
"""E2VID-mini, as in every comparison the ordinary rival comes first."""
SKIPS = (50, 150, 300)


def systems(samples: int, seed: int) -> tuple[System, ...]:
    """All that stand in the table, but the ablations."""
    noisy = sampled(samples, seed)
    return (
        System(name=BASELINE, arm=E2VID.name, watch=held),
        System(name=f"{E2VID.name} blended between", arm=E2VID.name, watch=blended),
        System(name=f"{E2VID.name} run for {EACH}", arm=E2VID.name, watch=again, frames=PARTS, passes=PARTS),
        System(name=FIRENET.name, arm=FIRENET.name, watch=held),
        System(name=ETNET.name, arm=ETNET.name, watch=held),
        System(name=LEAKY, arm=LEAKY, watch=held),
        System(name=f"{LEAKY} for {EACH}", arm=LEAKY, watch=again, frames=PARTS, passes=PARTS),
        System(name=SDE.name, arm=SDE.name, watch=noisy, frames=PARTS, samples=samples),
        System(name=f"{SDE.name} as ode", arm=SDE.name, watch=mean_path, frames=PARTS),
        System(name=f"{SDE.name} held", arm=SDE.name, watch=held),
        System(name=f"{IMAGE.name} as ode", arm=IMAGE.name, watch=mean_path, frames=PARTS),
        *(
            System(
                name=f"{SDE.name} as ode, rests below {n} events",
                arm=SDE.name,
                watch=skipping(n),
                frames=PARTS,
                fewest=n,
            )
            for n in SKIPS
        ),
    )


@final
class Call(nn.Module):
    """A network called in one way, so that the counter and the clock see just that.

    Args:
        model: a network.
        times: parts of a window, for a latent SDE; others take none.
        rests: whether the encoder rests from the second window on.
    """

    def __init__(self, model: nn.Module, times: tuple[float, ...] = END, *, rests: bool = False) -> None:
        super().__init__()
        self.model, self.times, self.rests = model, times, rests

    def forward(self, voxels: Tensor) -> Tensor:
        """Frames."""
        if not isinstance(self.model, LatentSDEReconstructor):
            return self.model(voxels)
        skip = torch.arange(voxels.shape[1]) > 0 if self.rests else None
        return self.model(voxels, self.times, skip=skip).frames


def sensor_grids(films: Films, windows: int, sensor: tuple[int, int]) -> Tensor:
    """Grids of a whole sensor ``[1, windows, bins, h, w]``, laid out with those of the films."""
    height, width = sensor
    side = films.voxels.shape[-1]
    down, across = -(-height // side), -(-width // side)
    which = torch.arange(down * across) % len(films)
    tiles = films.voxels[which, :windows].unflatten(0, (down, across))
    whole = tiles.permute(2, 3, 0, 4, 1, 5).flatten(4, 5).flatten(2, 3)
    return whole[None, :, :, :height, :width]
