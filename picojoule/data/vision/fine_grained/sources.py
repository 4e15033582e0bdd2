"""The user's folder of fine-grained pictures, whatever its layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from picojoule.base.errors import DataError
from picojoule.data.vision import folder as class_folders
from picojoule.data.vision.fine_grained import cutouts, lists
from picojoule.data.vision.images import Dataset
from picojoule.data.vision.listed import ListedData

FORMS = "the folder of CUB-200-2011, NABirds or Stanford Cars, one of cut-outs (.png), or one of class folders"
_LAYOUTS: tuple[tuple[Callable[[Path], bool], Callable[[Path], Dataset | ListedData]], ...] = (
    (lists.is_birds, lists.birds),
    (lists.is_cars, lists.cars),
    (cutouts.is_cutouts, cutouts.load),
    (lambda _: True, class_folders.load),
)


def load(path: Path) -> Dataset | ListedData:
    """A data set from a folder: listed files, which are read when they are needed, or pictures of one size.

    Raises:
        DataError: no such folder, or whatever is wrong in it; the file is named.
    """
    if not path.is_dir():
        raise DataError("there is no such folder", where=str(path), remedy=f"give {FORMS}")
    return next(load for fits, load in _LAYOUTS if fits(path))(path)
