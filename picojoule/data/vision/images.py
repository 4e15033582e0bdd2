"""Images and labels as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import DataError, InputError


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Images:
    """Labelled images, as the network sees them.

    Attributes:
        images: float32 ``[n, c, h, w]``, already scaled and normalised.
        labels: int64 ``[n]``, from 0.

    Raises:
        DataError: a wrong shape or type, or lengths that differ.
    """

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        _require(self.images, "images", torch.float32, 4)
        _require(self.labels, "labels", torch.int64, 1)
        if len(self.images) != len(self.labels):
            raise DataError(
                f"there are {len(self.images)} images but {len(self.labels)} labels",
                where="Images",
                remedy="give each image one label",
            )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, n: int) -> Images:
        """The first `n` images, or all where there are fewer.

        Raises:
            InputError: `n` is below 1.
        """
        if n < 1:
            raise InputError(f"{n} images were asked for", where="Images.take", remedy="ask for 1 or more")
        return Images(images=self.images[:n], labels=self.labels[:n])

    def select(self, index: Tensor) -> Images:
        """The images at the positions `index` (int64 ``[m]``), in that order."""
        return Images(images=self.images[index], labels=self.labels[index])

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Images ``[m, c, h, w]`` and labels ``[m]`` at the positions `index`."""
        return self.images[index], self.labels[index]

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Consecutive pairs (images ``[b, c, h, w]``, labels ``[b]``) with b = `size`, the last one shorter.

        Raises:
            InputError: `size` is below 1.
        """
        if size < 1:
            raise InputError(f"the batch size is {size}", where="Images.batches", remedy="give a size of 1 or more")
        return zip(self.images.split(size), self.labels.split(size), strict=True)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Training and test images under one name.

    Attributes:
        name: for tables and ``result.json``.
        train: used to train and to calibrate, never to test.
        test: used to test only.
        sha256: of the raw bytes the images and labels came from.

    Raises:
        DataError: a part is empty, the two parts differ in image size, or the test part has a class of its own.
    """

    name: str
    train: Images
    test: Images
    sha256: str

    def __post_init__(self) -> None:
        for part, images in (("training", self.train), ("test", self.test)):
            if not len(images):
                raise DataError(f"the {part} part has no images", where=self.name, remedy="give it at least one")
        shapes = [tuple(part.images.shape[1:]) for part in (self.train, self.test)]
        if shapes[0] != shapes[1]:
            raise DataError(
                f"training images are {shapes[0]} but test images {shapes[1]} (channels, height, width)",
                where=self.name,
                remedy="bring all images to one size",
            )
        self._require_labels()

    def _require_labels(self) -> None:
        low = min(int(part.labels.min()) for part in (self.train, self.test))
        if low < 0:
            raise DataError(f"there is a label {low}", where=self.name, remedy="number the classes from 0")
        known, highest = int(self.train.labels.max()), int(self.test.labels.max())
        if highest > known:
            raise DataError(
                f"the test part has a label {highest}, the training part none above {known}",
                where=self.name,
                remedy="give the training part images of each class",
            )

    @property
    def classes(self) -> int:
        """Number of classes: one more than the highest label."""
        return int(self.train.labels.max()) + 1

    def summary(self) -> dict[str, str | int]:
        """The entry ``data`` of ``result.json``."""
        return {"name": self.name, "train": len(self.train), "test": len(self.test), "sha256": self.sha256}


def _require(tensor: Tensor, name: str, dtype: torch.dtype, dimensions: int) -> None:
    if not isinstance(tensor, Tensor) or tensor.dtype != dtype or tensor.dim() != dimensions:
        found = f"{tensor.dtype} {list(tensor.shape)}" if isinstance(tensor, Tensor) else type(tensor).__name__
        raise DataError(
            f"{name} must be a {dtype} tensor of {dimensions} dimensions, not {found}",
            where="Images",
            remedy="convert it, or let picojoule.data.vision.load do so",
        )
