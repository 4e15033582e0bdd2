"""SFEW 2.0: faces cut out of films, a folder a class.

::

    Train_Aligned_Faces/Angry/*.png       Val_Aligned_Faces/Angry/*.png

Each may lie in a folder ``Train`` or ``Val``; the second may be named ``Val_Aligned_Faces_new``. The validation part is
tested on, since the test part has no public labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, final

from picojoule.base.errors import DataError
from picojoule.data.vision.expressions.listing import Layout, Parts, Picture, picture_files

_PARTS = (
    ("Train_Aligned_Faces", "Train/Train_Aligned_Faces"),
    ("Val_Aligned_Faces_new", "Val_Aligned_Faces", "Val/Val_Aligned_Faces_new", "Val/Val_Aligned_Faces"),
)
_FOLDERS = ("Surprise", "Fear", "Disgust", "Happy", "Sad", "Angry", "Neutral")


@final
class Sfew(Layout):
    """Seven classes, numbered as those of RAF-DB."""

    name: ClassVar[str] = "sfew"
    classes: ClassVar[tuple[str, ...]] = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
    cite: ClassVar[str] = "dhall2011"

    def fits(self, folder: Path) -> bool:
        return all(_first(folder, names) is not None for names in _PARTS)

    def listed(self, folder: Path) -> Parts:
        roots = [_first(folder, names) for names in _PARTS]
        return Parts(*(self._part(root) for root in roots if root is not None))

    def _part(self, root: Path) -> list[Picture]:
        missing = [name for name in _FOLDERS if not (root / name).is_dir()]
        if missing:
            raise DataError(f"it has no folder {missing[0]!r}", where=str(root), remedy="unpack all seven classes")
        return [
            Picture(path=path, label=label)
            for label, name in enumerate(_FOLDERS)
            for path in picture_files(root / name)
        ]


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_dir()), None)
