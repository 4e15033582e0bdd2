"""Pictures that are too large to keep decoded: a list of files and labels, read when they are picked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from picojoule.base.errors import DataError
from picojoule.base.files import inside, sha256
from picojoule.data.vision.folder import decoded

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, per channel: what public checkpoints expect."""
RESIZED, CROPPED = 600, 448
"""Pixels of a side, as M2Former has them: brought to the first, cut to the second."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Listed:
    """Labelled files of pictures.

    Attributes:
        paths: of the files.
        labels: int64 ``[n]``, from 0.
        resized: every picture is brought to a square of this side, whatever its own is.
        cropped: and its middle cut out, this many pixels a side; the whole if None.
        boxes: the piece of each file that is read, left, top, right, bottom in pixels, int64 ``[n, 4]``; all of it if
            None.
        mean, std: per channel; pixels are in [0, 1] before.
    """

    paths: tuple[Path, ...]
    labels: Tensor
    resized: int = RESIZED
    cropped: int | None = None
    boxes: Tensor | None = None
    mean: tuple[float, float, float] = MEAN
    std: tuple[float, float, float] = STD

    def __len__(self) -> int:
        return len(self.paths)

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures ``[m, 3, side, side]``, (x − mean) / std, and labels ``[m]`` at the positions `index`.

        Raises:
            DataError: a file that is missing or no picture; it is named.
        """
        pixels = np.stack([self._picture(each) for each in index.tolist()])
        scaled = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
        mean, std = (torch.tensor(each).view(3, 1, 1) for each in (self.mean, self.std))
        return (scaled - mean) / std, self.labels[index]

    def sized(self, resized: int, cropped: int | None = None) -> Listed:
        """The same files at another size."""
        return replace(self, resized=resized, cropped=cropped)

    def _picture(self, at: int) -> np.ndarray:
        path = self.paths[at]
        try:
            raw = path.read_bytes()
        except OSError as problem:
            raise DataError(
                f"the picture cannot be read ({problem.strerror})", where=str(path), remedy="restore it, or unlist it"
            ) from None
        picture = decoded(raw, "RGB", where=path)
        if self.boxes is not None:
            picture = _piece(picture, self.boxes[at].tolist(), path)
        picture = picture.resize((self.resized, self.resized), Image.Resampling.BILINEAR)
        if self.cropped is not None:
            edge = (self.resized - self.cropped) // 2
            picture = picture.crop((edge, edge, edge + self.cropped, edge + self.cropped))
        return np.asarray(picture)


def _piece(picture: Image.Image, box: list[int], path: Path) -> Image.Image:
    left, top, right, bottom = box
    if not (0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height):
        what = f"the box {left}, {top}, {right}, {bottom} reaches out of its {picture.width}×{picture.height} pixels"
        raise DataError(what, where=str(path), remedy="correct the box in the list")
    return picture.crop((left, top, right, bottom))


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class ListedData:
    """Training and test files under one name.

    Attributes:
        name: for tables and ``result.json``.
        train, test: the files.
        classes: their names, in the order of the labels.
        sha256: of the lists: relative paths, labels and parts, not of the pictures.
    """

    name: str
    train: Listed
    test: Listed
    classes: tuple[str, ...]
    sha256: str

    def summary(self) -> dict[str, str | int]:
        """The entry ``data`` of ``result.json``."""
        return {"name": self.name, "train": len(self.train), "test": len(self.test), "sha256": self.sha256}


def listed(
    folder: Path,
    files: Sequence[str],
    labels: Sequence[int],
    training: Sequence[bool],
    names: Mapping[int, str],
    *,
    where: Path,
) -> ListedData:
    """A data set of files. Labels may be any whole numbers; they become 0, 1, … in their order.

    Args:
        folder: what `files` are relative to.
        files: of the pictures.
        labels: one a file.
        training: whether a file is for training.
        names: of labels, where known.
        where: the list, for messages.

    Raises:
        InputError: a file that is not there or not in the folder, no file in a part, or a class that cannot be learned
            because it has no picture for training.
    """
    known = sorted(set(labels))
    number = {label: position for position, label in enumerate(known)}
    paths = [inside(folder, file) for file in files]
    _require_files(paths, where)
    parts = {}
    for part, wanted in (("train", True), ("test", False)):
        chosen = [at for at, is_training in enumerate(training) if is_training is wanted]
        if not chosen:
            raise DataError(f"no picture is for the {part} part", where=str(where), remedy="list some")
        parts[part] = Listed(
            paths=tuple(paths[at] for at in chosen),
            labels=torch.tensor([number[labels[at]] for at in chosen]),
        )
    _require_learnable(parts["train"], parts["test"], folder)
    raw = "\n".join(f"{f}\t{y}\t{int(t)}" for f, y, t in zip(files, labels, training, strict=True))
    classes = tuple(names.get(label, str(label)) for label in known)
    return ListedData(name=folder.parent.resolve().name, classes=classes, sha256=sha256(raw.encode()), **parts)


def _require_files(paths: Sequence[Path], where: Path) -> None:
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(paths)} pictures in {where.name} are not there",
            where=str(missing[0]),
            remedy="unpack the whole archive there",
        )


def _require_learnable(train: Listed, test: Listed, folder: Path) -> None:
    known = set(train.labels.tolist())
    for path, label in zip(test.paths, test.labels.tolist(), strict=True):
        if label not in known:
            raise DataError(
                f"the class of {path.relative_to(folder).parent} has no picture for training",
                where=str(path),
                remedy="list at least one of its pictures for training",
            )
