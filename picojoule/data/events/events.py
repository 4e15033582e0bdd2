"""The events of one recording as a value: where, when, and brighter or darker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import DataError
from picojoule.data.events.recordings import Recordings

_COLUMNS = ("x", "y", "polarity", "time")


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Events:
    """Events in the order of their time; there may be none.

    Attributes:
        x, y: pixel, int16 ``[n]``.
        polarity: 0 (darker) or 1 (brighter), uint8 ``[n]``.
        time: microseconds, int64 ``[n]``, not falling.
        size: height and width of the sensor.

    Raises:
        DataError: lengths that differ, an event outside the sensor, another polarity, or time that goes backwards.
    """

    x: Tensor
    y: Tensor
    polarity: Tensor
    time: Tensor
    size: tuple[int, int]

    def __post_init__(self) -> None:
        lengths = [len(getattr(self, name)) for name in _COLUMNS]
        if len(set(lengths)) > 1:
            raise DataError(f"columns of {lengths} events", where="Events", remedy="give x, y, polarity, time of each")
        for name, most in (("x", self.size[1]), ("y", self.size[0]), ("polarity", 2)):
            _within(getattr(self, name), name, most)
        falls = (self.time.diff() < 0).nonzero()
        if len(falls):
            k = int(falls[0]) + 1
            what = f"time goes backwards at event {k}: {int(self.time[k])} µs after {int(self.time[k - 1])} µs"
            raise DataError(what, where="Events", remedy="sort them, or read the file with repair=True")

    def __len__(self) -> int:
        return len(self.time)

    @property
    def signs(self) -> Tensor:
        """+1 or −1, float32 ``[n]``."""
        return 2 * self.polarity.float() - 1

    @property
    def places(self) -> Tensor:
        """y·width + x, int64 ``[n]``."""
        return self.y.long() * self.size[1] + self.x.long()

    def part(self, first: int, last: int) -> Events:
        """Events `first` … `last` − 1."""
        return replace(self, **{name: getattr(self, name)[first:last] for name in _COLUMNS})

    def windows(self, times: Sequence[float]) -> Iterator[Events]:
        """The events of each window (times[k], times[k+1]], microseconds."""
        ends = torch.searchsorted(self.time, torch.tensor(times, dtype=torch.float64).to(self.time), right=True)
        for first, last in pairwise(ends.tolist()):
            yield self.part(first, last)

    def recordings(self, label: int = 0) -> Recordings:
        """A set of this one recording, as spiking networks take them (`frames`); its time begins at 0."""
        began = self.time[0] if len(self) else 0
        return Recordings(
            **{name: getattr(self, name) for name in _COLUMNS[:3]},
            time=(self.time - began).to(torch.int32),
            offsets=torch.tensor([0, len(self)]),
            labels=torch.tensor([label]),
            size=self.size,
        )


def recording(recordings: Recordings, k: int) -> Events:
    """The events of the k-th recording of a set.

    Raises:
        DataError: as for `Events`.
    """
    first, last = int(recordings.offsets[k]), int(recordings.offsets[k + 1])
    parts = {name: getattr(recordings, name)[first:last] for name in _COLUMNS}
    return Events(**{**parts, "time": parts["time"].long()}, size=recordings.size)


def events(x: Tensor, y: Tensor, polarity: Tensor, time: Tensor, size: tuple[int, int]) -> Events:
    """Events from columns of any integer type, checked before they are narrowed.

    Raises:
        DataError: as for `Events`.
    """
    for name, column, most in (("x", x, size[1]), ("y", y, size[0]), ("polarity", polarity, 2)):
        _within(column, name, most)
    short = {"x": x.to(torch.int16), "y": y.to(torch.int16), "polarity": polarity.to(torch.uint8)}
    return Events(**short, time=time.to(torch.int64), size=size)


def _within(column: Tensor, name: str, most: int) -> None:
    outside = ((column < 0) | (column >= most)).nonzero()
    if len(outside):
        k = int(outside[0])
        what = f"event {k} of {len(column)} has {name}={int(column[k])}, and 0 … {most - 1} is there"
        remedy = "give the sensor's size, polarities 0 and 1, or read the file with repair=True"
        raise DataError(what, where="Events", remedy=remedy)
