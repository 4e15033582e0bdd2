"""AffectNet, in both forms of its release.

::

    train_set/images/0.jpg   train_set/annotations/0_exp.npy           likewise val_set; faces are cut out already

    training.csv             subDirectory_filePath,face_x,face_y,face_width,face_height,…,expression,…
    validation.csv           689/7371.jpg,135,135,900,900,…,1,…          pictures under Manually_Annotated_Images

The validation part is tested on, since the test part has no public labels. Classes from 8 on (no emotion, uncertain, no
face) are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, final

import numpy as np

from picojoule.base.errors import DataError
from picojoule.data.vision.expressions.listing import Layout, Line, Parts, Picture, lines, picture_files

_SETS, _LISTS = ("train_set", "val_set"), ("training.csv", "validation.csv")
_IMAGES = "Manually_Annotated_Images"
_NUMBERS = 11
_BOX = ("face_x", "face_y", "face_width", "face_height")


@final
class AffectNet(Layout):
    """Eight classes."""

    name: ClassVar[str] = "affectnet"
    classes: ClassVar[tuple[str, ...]] = (
        *("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"),
    )
    cite: ClassVar[str] = "mollahosseini2019"

    def fits(self, folder: Path) -> bool:
        annotated = all((folder / part / "annotations").is_dir() for part in _SETS)
        return annotated or all((folder / name).is_file() for name in _LISTS)

    def listed(self, folder: Path) -> Parts:
        if (folder / _SETS[0]).is_dir():
            found = [self._annotated(folder / part) for part in _SETS]
        else:
            found = [self._in_list(folder / name) for name in _LISTS]
        return Parts(*([each for each in part if each.label < len(self.classes)] for part in found))

    def _annotated(self, part: Path) -> Iterator[Picture]:
        for path in picture_files(part / "images"):
            yield Picture(path=path, label=_expression(part / "annotations" / f"{path.stem}_exp.npy"))

    def _in_list(self, file: Path) -> Iterator[Picture]:
        first, *rest = lines(file, fields=2)
        missing = [name for name in ("subDirectory_filePath", "expression", *_BOX) if name not in first.fields]
        if missing:
            raise first.wrong(f"it has no column {missing[0]!r}", "give the list of the release, with its first line")
        for line in rest:
            if len(line.fields) < len(first.fields):
                raise line.wrong(f"it has {len(line.fields)} fields, not {len(first.fields)}", "correct the line")
            yield self._picture(line, dict(zip(first.fields, line.fields, strict=False)), file.parent)

    def _picture(self, line: Line, row: dict[str, str], folder: Path) -> Picture:
        label = line.whole(row["expression"], 0, _NUMBERS - 1, "class")
        if label >= len(self.classes):  # no face, so no box and perhaps no picture
            return Picture(path=folder, label=label)
        x, y, wide, tall = (line.whole(row[name], 0, 100_000, "number of pixels") for name in _BOX)
        path = line.existing(folder / _IMAGES / row["subDirectory_filePath"])
        return Picture(path=path, label=label, box=(x, y, x + wide, y + tall))


def _expression(file: Path) -> int:
    try:
        number = int(np.load(file, allow_pickle=False))
    except (OSError, ValueError, TypeError) as problem:
        raise DataError(f"the class cannot be read ({problem})", where=str(file), remedy="unpack it again") from None
    if not 0 <= number < _NUMBERS:
        raise DataError(f"the class {number}", where=str(file), remedy=f"give one from 0 to {_NUMBERS - 1}")
    return number
