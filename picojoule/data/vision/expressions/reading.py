"""From a folder of one of the data sets to images and labels."""

from __future__ import annotations

import hashlib
from pathlib import Path

from picojoule.base.errors import DataError
from picojoule.data.vision.expressions.affectnet import AffectNet
from picojoule.data.vision.expressions.ferplus import FerPlus
from picojoule.data.vision.expressions.listing import Layout
from picojoule.data.vision.expressions.raf_db import RafDb
from picojoule.data.vision.expressions.sfew import Sfew
from picojoule.data.vision.images import Dataset
from picojoule.data.vision.pictures import common_form, decode, require_two

LAYOUTS: tuple[Layout, ...] = (RafDb(), FerPlus(), AffectNet(), Sfew())


def layout_of(folder: Path) -> Layout | None:
    """Which of the data sets a folder looks like; None if none."""
    return next((layout for layout in LAYOUTS if layout.fits(folder)), None)


def load(folder: Path | str, *, side: int = 224) -> Dataset:
    """One of the four data sets, every picture brought to side × side pixels.

    Args:
        folder: as it was unpacked.
        side: pixels.

    Raises:
        DataError: the folder is none of them, a list is damaged, a picture is not there or cannot be read, or a class
            has fewer than two pictures to train with.
    """
    folder = Path(folder)
    layout = layout_of(folder)
    if layout is None:
        known = ", ".join(each.name for each in LAYOUTS)
        raise DataError(f"it has the layout of none of {known}", where=str(folder), remedy="give the unpacked folder")
    parts = layout.listed(folder)
    require_two(parts.train, layout.classes)
    form = common_form([*parts.train, *parts.test], folder, side)
    digest = hashlib.sha256()
    train, test = (decode(part, form, folder, digest) for part in parts)
    return Dataset(name=layout.name, train=train, test=test, sha256=digest.hexdigest())
