"""Frames of recordings in a folder: one ``.npz`` a recording, in a folder for each class.

The layout is that of SpikingJelly's DVS data sets cut into frames: ``train/<class>/*.npz`` and ``test/<class>/*.npz``
(DVS128 Gesture), or only ``<class>/*.npz`` (CIFAR10-DVS), of which every tenth of a class is then kept for the test.
Each file has an array ``frames`` ``[steps, 2, height, width]`` of counts of events.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from picojoule.base.errors import DataError
from picojoule.base.files import sha256
from picojoule.data import npz
from picojoule.data.events.recordings import EventDataset, Frames

ARRAY = "frames"
_TENTH = 10


def is_frames(folder: Path) -> bool:
    """Whether a folder looks like this: class folders of ``.npz`` files, there or under ``train``."""
    return folder.is_dir() and any(_files(each) for each in _classes(_train(folder)))


def load(folder: Path | str) -> EventDataset[Frames]:
    """The frames in a folder. Classes are numbered in the order of their names.

    Raises:
        DataError: no recordings, recordings of unequal shape, or a file without frames.
    """
    folder = Path(folder)
    classes = _classes(_train(folder))
    train = _read(_train(folder), classes)
    if not train:
        what = "there are no recordings"
        raise DataError(what, where=str(folder), remedy="make train/<class>/*.npz and test/<class>/*.npz")
    test = _read(folder / "test", classes) if (folder / "test").is_dir() else []
    if not test:
        train, test = _split(train)
    shapes = {counts.shape for counts, _ in (*train, *test)}
    if len(shapes) > 1 or not test:
        what = f"frames of {len(shapes)} shapes, {len(test)} recordings for the test"
        raise DataError(what, where=str(folder), remedy="cut all recordings alike, ten or more of each class")
    parts = [_frames(train), _frames(test)]
    digest = sha256(*(each.counts.numpy().tobytes() for each in parts))
    return EventDataset(name=folder.resolve().name, train=parts[0], test=parts[1], sha256=digest)


_Recording = tuple[np.ndarray, int]


def _train(folder: Path) -> Path:
    return folder / "train" if (folder / "train").is_dir() else folder


def _classes(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.npz"))


def _read(folder: Path, classes: list[Path]) -> list[_Recording]:
    return [(_counts(path), label) for label, each in enumerate(classes) for path in _files(folder / each.name)]


def _counts(path: Path) -> np.ndarray:
    if ARRAY not in npz.headers(path, error=DataError):
        raise DataError(f"it has no array {ARRAY!r}", where=str(path), remedy="cut the recording into frames first")
    counts = npz.read(path, [ARRAY], error=DataError)[ARRAY]
    if counts.ndim != 4 or counts.dtype.kind not in "biuf":
        what = f"frames of shape {list(counts.shape)}, {counts.dtype}"
        raise DataError(what, where=str(path), remedy="give [steps, polarities, height, width]")
    return counts.clip(0, 255).astype(np.uint8)


def _split(recordings: list[_Recording]) -> tuple[list[_Recording], list[_Recording]]:
    """Every tenth of each class is for the test, the last of ten first."""
    train, test, seen = [], [], dict[int, int]()
    for each in recordings:
        seen[each[1]] = seen.get(each[1], 0) + 1
        (test if seen[each[1]] % _TENTH == 0 else train).append(each)
    return train, test


def _frames(recordings: list[_Recording]) -> Frames:
    counts, labels = zip(*recordings, strict=True)
    return Frames(counts=torch.from_numpy(np.stack(counts)), labels=torch.tensor(labels))
