"""Pictures with boxes as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import DataError, InputError

_SLACK = 1.0  # pixels; files that count from 1, and rounding


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Scenes:
    """Pictures of one size, as the network sees them, and the boxes in them.

    Attributes:
        images: float32 ``[n, c, h, w]`` in [0, 1].
        owners: int64 ``[boxes]``, the picture of each box.
        classes: int64 ``[boxes]``, from 0.
        boxes: float32 ``[boxes, 4]``: left, top, right, bottom in pixels of the picture.
        difficult: bool ``[boxes]``: neither to be found nor wrong when found; none by default.

    Raises:
        DataError: a wrong shape or type, or a box that is empty or reaches out of its picture.
    """

    images: Tensor
    owners: Tensor
    classes: Tensor
    boxes: Tensor
    difficult: Tensor = field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.difficult is None:
            object.__setattr__(self, "difficult", torch.zeros(len(self.owners), dtype=torch.bool))
        number = len(self.owners)
        _require(self.images.dim() == 4 and self.images.dtype == torch.float32, "images are no float32 [n, c, h, w]")
        _require(tuple(self.boxes.shape) == (number, 4), f"{number} owners and boxes {tuple(self.boxes.shape)}")
        _require(len(self.classes) == len(self.difficult) == number, "not every box has a class")
        require_inside(self.boxes, self.owners, self.images.shape[-2:], where="Scenes")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a picture."""
        return self.images.shape[-2], self.images.shape[-1]

    def take(self, n: int) -> Scenes:
        """The first `n` pictures, or all where there are fewer.

        Raises:
            InputError: `n` is below 1.
        """
        if n < 1:
            raise InputError(f"{n} pictures were asked for", where="Scenes.take", remedy="ask for 1 or more")
        return self.select(torch.arange(min(n, len(self))))

    def select(self, index: Tensor) -> Scenes:
        """The pictures at the positions `index` (int64 ``[m]``, each once), in that order."""
        place = torch.full((len(self),), -1)
        place[index] = torch.arange(len(index))
        kept = place[self.owners] >= 0
        return Scenes(
            images=self.images[index],
            owners=place[self.owners[kept]],
            **{name: getattr(self, name)[kept] for name in ("classes", "boxes", "difficult")},
        )

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures ``[m, c, h, w]`` and their boxes ``[m, most, 5]``: class and box, class −1 where there is none.

        `index` is int64 ``[m]``; difficult boxes are not learnt.
        """
        return self.images[index], self._padded[index]

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Consecutive pairs as of :meth:`pick`, the last one shorter."""
        return (self.pick(index) for index in torch.arange(len(self)).split(size))

    @cached_property
    def _padded(self) -> Tensor:
        return padded(self)


def padded(scenes: Scenes) -> Tensor:
    """The boxes of each picture, ``[n, most, 5]``."""
    kept = ~scenes.difficult
    owners, rows = scenes.owners[kept], torch.cat([scenes.classes[kept, None].float(), scenes.boxes[kept]], 1)
    counts = torch.bincount(owners, minlength=len(scenes))
    order = torch.argsort(owners, stable=True)
    starts = counts.cumsum(0) - counts
    rank = torch.arange(len(owners)) - starts[owners[order]]
    table = torch.zeros(len(scenes), max(1, int(counts.max())), 5)
    table[..., 0] = -1
    table[owners[order], rank] = rows[order]
    return table


def require_inside(boxes: Tensor, owners: Tensor, size: tuple[int, int], *, where: str) -> None:
    """Refuse boxes that are no boxes of a picture of `size` (height, width); a pixel beyond its edge is let pass.

    Raises:
        DataError: with the first such picture and box.
    """
    height, width = size
    least, most = torch.tensor([-_SLACK] * 4), torch.tensor([width, height] * 2) + _SLACK
    outside = ((boxes < least) | (boxes > most) | ~torch.isfinite(boxes)).any(1)
    for wrong, what in ((outside, "reaches out of"), ((boxes[:, 2:] <= boxes[:, :2]).any(1), "is empty in")):
        if wrong.any():
            at = int(wrong.nonzero()[0])
            told = ", ".join(f"{each:g}" for each in boxes[at].tolist())
            raise DataError(
                f"the box {told} {what} picture {int(owners[at])} of {width}×{height}",
                where=where,
                remedy="give left, top, right, bottom in pixels, inside the picture",
            )


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class SceneData:
    """Training and test pictures under one name.

    Attributes:
        name: for tables and ``result.json``.
        train: used to train and to calibrate; may have no pictures where a set is for evaluation only.
        test: used to test only.
        names: of the classes.
        sha256: of the raw bytes that pictures and boxes came from.

    Raises:
        DataError: no test picture, or a class without a name.
    """

    name: str
    train: Scenes
    test: Scenes
    names: tuple[str, ...]
    sha256: str

    def __post_init__(self) -> None:
        if not len(self.test):
            raise DataError("the test part has no pictures", where=self.name, remedy="give it at least one")
        for part in (self.train, self.test):
            if len(part.classes) and not 0 <= int(part.classes.min()) <= int(part.classes.max()) < len(self.names):
                raise DataError(
                    f"a box of class {int(part.classes.max())} where {len(self.names)} are named",
                    where=self.name,
                    remedy="name every class",
                )

    def summary(self) -> dict[str, str | int]:
        """The entry ``data`` of ``result.json``."""
        return {"name": self.name, "train": len(self.train), "test": len(self.test), "sha256": self.sha256}


def _require(true: bool, what: str) -> None:
    if not true:
        raise DataError(what, where="Scenes", remedy="let a loader of picojoule.data.vision.detection make them")
