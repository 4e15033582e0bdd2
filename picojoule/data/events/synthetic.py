"""The synthetic twin of N-MNIST: generated digits moved in three saccades, an event where a pixel's light changes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from picojoule.base.files import sha256
from picojoule.data.events.nmnist import SIZE
from picojoule.data.events.recordings import EventDataset, Recordings
from picojoule.data.vision import Images
from picojoule.data.vision import synthetic as digits

_PATH = ((0, 0), (1, 2), (2, 4), (3, 2), (4, 0), (2, 0), (0, 0))
"""Places of the digit on the sensor, in pixels down and right: a triangle walked in six moves."""
_MOVE_US = 50_000


def load(*, train: int = 60, test: int = 30, seed: int = 0) -> EventDataset[Recordings]:
    """Generated recordings 34×34 of 300 ms, the classes in turn.

    Args:
        train, test: numbers of recordings.
        seed: of the digits and of when within a move an event comes.
    """
    data = digits.load(train=train, test=test, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    parts = {name: _record(getattr(data, name), generator) for name in ("train", "test")}
    raw = [each.time.numpy().tobytes() for each in parts.values()]
    return EventDataset(name=f"synthetic-events-seed{seed}", **parts, sha256=sha256(*raw))


def _record(images: Images, generator: torch.Generator) -> Recordings:
    """Events of a pixel that becomes brighter or darker by half."""
    views = torch.stack([_at(images.images, *place) for place in _PATH], 1)
    change = views.diff(dim=1)
    which, move, y, x = (change.abs() >= 0.5).nonzero(as_tuple=True)
    time = move * _MOVE_US + torch.randint(_MOVE_US, (len(move),), generator=generator)
    order = torch.argsort(which * len(_PATH) * _MOVE_US + time)
    lengths = torch.bincount(which, minlength=len(images))
    return Recordings(
        x=x[order].to(torch.int16),
        y=y[order].to(torch.int16),
        polarity=(change[which, move, y, x][order] > 0).to(torch.uint8),
        time=time[order].to(torch.int32),
        offsets=torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)]),
        labels=images.labels,
        size=SIZE,
    )


def _at(images: Tensor, down: int, right: int) -> Tensor:
    """Images ``[n, 34, 34]`` with the 28×28 digits at this place."""
    height, width = SIZE
    return pad(images[:, 0], (right, width - 28 - right, down, height - 28 - down))
