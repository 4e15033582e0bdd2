"""From a folder of one of the data sets to listed pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from picojoule.base.errors import DataError
from picojoule.base.files import sha256
from picojoule.data.vision.expressions.affectnet import AffectNet
from picojoule.data.vision.expressions.ferplus import FerPlus
from picojoule.data.vision.expressions.listing import Layout, Picture, require_two
from picojoule.data.vision.expressions.raf_db import RafDb
from picojoule.data.vision.expressions.sfew import Sfew
from picojoule.data.vision.listed import Listed, ListedData

LAYOUTS: tuple[Layout, ...] = (RafDb(), FerPlus(), AffectNet(), Sfew())


def layout_of(folder: Path) -> Layout | None:
    """Which of the data sets a folder looks like; None if none."""
    return next((layout for layout in LAYOUTS if layout.fits(folder)), None)


def load(folder: Path | str, *, side: int = 224) -> ListedData:
    """One of the four data sets; its pictures are read when they are picked, in [0, 1], side × side pixels.

    Args:
        folder: as it was unpacked.
        side: pixels.

    Raises:
        DataError: the folder is none of them, a list is damaged, a picture in it is not there, or a class has fewer
            than two pictures to train with.
    """
    folder = Path(folder)
    layout = layout_of(folder)
    if layout is None:
        known = ", ".join(each.name for each in LAYOUTS)
        raise DataError(f"it has the layout of none of {known}", where=str(folder), remedy="give the unpacked folder")
    parts = layout.listed(folder)
    require_two(parts.train, layout.classes, folder)
    if not parts.test:
        raise DataError("no picture is for the test", where=str(folder), remedy="unpack all parts")
    listing = [f"{each.path.relative_to(folder)}\t{each.label}\t{each.box}" for part in parts for each in part]
    return ListedData(
        name=layout.name,
        train=_listed(parts.train, side),
        test=_listed(parts.test, side),
        classes=layout.classes,
        sha256=sha256("\n".join([str(len(parts.train)), *listing]).encode()),
    )


def _listed(pictures: Sequence[Picture], side: int) -> Listed:
    boxes = [each.box for each in pictures if each.box is not None]
    return Listed(
        paths=tuple(each.path for each in pictures),
        labels=torch.tensor([each.label for each in pictures]),
        resized=side,
        boxes=torch.tensor(boxes) if boxes else None,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
    )
