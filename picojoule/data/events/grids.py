"""Events as dense arrays: voxel grid, count image, time surface.

::

    voxel grid    t* = (B − 1)(t − t_0)/(t_1 − t_0);   E[b, y, x] = Σ p·max(0, 1 − |b − t*|)
    count image   N[p, y, x] = number of events of polarity p
    time surface  S[p, y, x] = exp((t_last[p, y, x] − t_1)/τ), 0 where there was none

t_0 and t_1 are the times of the first and the last event, unless they are given. Frames for spiking networks are
`Recordings.frames`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.data.events.events import Events

FEWEST = 3
"""A window of fewer events has an empty grid."""


def voxel_grid(
    events: Events, bins: int = 5, *, between: tuple[float, float] | None = None, normalise: bool = False
) -> Tensor:
    """Signed events, each shared by the two bins nearest in time, float32 ``[bins, h, w]``.

    Args:
        events: of one window; of fewer than three the grid is empty.
        bins: B.
        between: t_0 and t_1 in microseconds, in place of the first and the last event's times.
        normalise: bring the entries that are not 0 to mean 0 and deviation 1, as E2VID and FireNet want it, and
            E2VID+, FireNet+ and ET-Net do not (cite keys ``rebecq2019``, ``stoffregen2020``).

    Raises:
        InputError: fewer than two bins.
    """
    if bins < 2:
        raise InputError(f"{bins} bins", where="voxel_grid", remedy="give two or more")
    height, width = events.size
    grid = torch.zeros(bins * height * width)
    if len(events) < FEWEST:
        return grid.view(bins, height, width)
    start, stop = between or (float(events.time[0]), float(events.time[-1]))
    at = ((events.time.double() - start) / ((stop - start) or 1.0) * (bins - 1)).clamp(0, bins - 1)
    low = at.long().clamp(max=bins - 2)
    high_share = (at - low).float()
    place = low * height * width + events.places
    grid.index_add_(0, place, events.signs * (1 - high_share))
    grid.index_add_(0, place + height * width, events.signs * high_share)
    grid = grid.view(bins, height, width)
    return _normalised(grid) if normalise else grid


def _normalised(grid: Tensor) -> Tensor:
    known = grid != 0
    if known.sum() < 2:
        return grid
    mean, deviation = grid[known].mean(), grid[known].std(correction=0)
    return torch.where(known, (grid - mean) / deviation, 0.0) if deviation > 0 else grid


def count_image(events: Events) -> Tensor:
    """Events of each polarity at each pixel, int64 ``[2, h, w]``."""
    height, width = events.size
    place = events.polarity.long() * height * width + events.places
    return torch.bincount(place, minlength=2 * height * width).view(2, height, width)


def time_surface(events: Events, *, decay_us: float = 30_000.0, at_us: float | None = None) -> Tensor:
    """How recently each pixel fired, float32 ``[2, h, w]`` in [0, 1].

    Args:
        events: those until t_1.
        decay_us: τ.
        at_us: t_1, in place of the last event's time.
    """
    height, width = events.size
    last = torch.full((2 * height * width,), -torch.inf, dtype=torch.float64)
    place = events.polarity.long() * height * width + events.places
    last.scatter_reduce_(0, place, events.time.double(), "amax")
    now = at_us if at_us is not None else float(events.time[-1]) if len(events) else 0.0
    return ((last - now) / decay_us).exp().float().view(2, height, width)
