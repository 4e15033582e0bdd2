"""Recordings of event cameras as values, and as frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, final

import torch
from torch import Tensor

from picojoule.base.errors import DataError, InputError


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Frames:
    """Events counted in frames of equal duration.

    Attributes:
        counts: uint8 ``[n, steps, 2, height, width]``: events of each polarity, at most 255.
        labels: int64 ``[n]``, from 0.
    """

    counts: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Frames float32 ``[m, steps, 2, height, width]`` and labels ``[m]`` at the positions `index`."""
        return self.counts[index].float(), self.labels[index]

    def select(self, index: Tensor) -> Frames:
        """The recordings at the positions `index`, in that order."""
        return Frames(counts=self.counts[index], labels=self.labels[index])

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Consecutive pairs of frames and labels, `size` recordings each, the last one shorter."""
        for counts, labels in zip(self.counts.split(size), self.labels.split(size), strict=True):
            yield counts.float(), labels


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Recordings:
    """Labelled recordings: each event has a place, a polarity and a time.

    Attributes:
        x, y: pixel, int16 ``[events]``.
        polarity: 0 (darker) or 1 (brighter), uint8 ``[events]``.
        time: microseconds since the recording began, int32 ``[events]``, not falling within a recording.
        offsets: recording k is events offsets[k] … offsets[k+1] − 1, int64 ``[n + 1]``.
        labels: int64 ``[n]``, from 0.
        size: height and width of the sensor.

    Raises:
        DataError: lengths that differ, or events outside the sensor.
    """

    x: Tensor
    y: Tensor
    polarity: Tensor
    time: Tensor
    offsets: Tensor
    labels: Tensor
    size: tuple[int, int]

    def __post_init__(self) -> None:
        lengths = {len(each) for each in (self.x, self.y, self.polarity, self.time)}
        if lengths != {int(self.offsets[-1])} or len(self.offsets) != len(self.labels) + 1:
            what = f"{lengths} events, {int(self.offsets[-1])} by their offsets, {len(self.labels)} labels"
            raise DataError(what, where="Recordings", remedy="give x, y, polarity and time of every event")
        height, width = self.size
        if len(self.x) and not (int(self.x.max()) < width and int(self.y.max()) < height):
            what = f"an event at x={int(self.x.max())} or y={int(self.y.max())} of a sensor {width}×{height}"
            raise DataError(what, where="Recordings", remedy="give the size of the sensor")

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, n: int) -> Recordings:
        """The first `n` recordings, or all where there are fewer."""
        last = int(self.offsets[min(n, len(self))])
        parts = {name: getattr(self, name)[:last] for name in ("x", "y", "polarity", "time")}
        return replace(self, **parts, offsets=self.offsets[: n + 1], labels=self.labels[:n])

    def frames(self, steps: int) -> Frames:
        """Each recording cut into `steps` frames of equal duration.

        Raises:
            InputError: `steps` is below 1.
        """
        if steps < 1:
            raise InputError(f"{steps} frames", where="Recordings.frames", remedy="ask for 1 or more")
        lengths = self.offsets.diff()
        which = torch.repeat_interleave(torch.arange(len(self)), lengths)
        ends = torch.zeros(len(self), dtype=torch.int64)
        ends.scatter_reduce_(0, which, self.time.long(), "amax")
        step = (self.time.long() * steps // (ends[which] + 1)).clamp(max=steps - 1)
        height, width = self.size
        place = (((which * steps + step) * 2 + self.polarity.long()) * height + self.y.long()) * width + self.x.long()
        counts = torch.bincount(place, minlength=len(self) * steps * 2 * height * width)
        shape = (len(self), steps, 2, height, width)
        return Frames(counts=counts.clamp(max=255).to(torch.uint8).view(shape), labels=self.labels)


Part = TypeVar("Part", Recordings, Frames)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class EventDataset(Generic[Part]):
    """Training and test recordings, or frames of such, under one name; `sha256` is of the bytes they came from."""

    name: str
    train: Part
    test: Part
    sha256: str

    @property
    def classes(self) -> int:
        """Number of classes: one more than the highest training label."""
        return int(self.train.labels.max()) + 1

    def summary(self) -> dict[str, str | int]:
        """The entry ``data`` of ``result.json``."""
        return {"name": self.name, "train": len(self.train), "test": len(self.test), "sha256": self.sha256}
