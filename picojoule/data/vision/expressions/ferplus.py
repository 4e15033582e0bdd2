"""FERPlus: grey faces of 48×48 pixels that ten people voted on.

::

    FER2013Train/label.csv     fer0000000.png,4,0,0,1,3,2,0,0,0,0       ten columns of votes, perhaps a box before
    FER2013Train/fer0000000.png                                         likewise FER2013Valid and FER2013Test

or, for all three, ``fer2013new.csv`` beside them with ``Usage,Image name,`` in front of the votes. The label is that of
the majority, as in the release's own reader: single votes are dropped, and a picture without a class of more than half
of the votes, or with one that is no face or unknown, is left out. Train and Valid are for training.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, final

from picojoule.data.vision.expressions.listing import Layout, Line, Parts, Picture, lines

_FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
_VOTES, _ALL = 10, "fer2013new.csv"
_CLASSES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")


@final
class FerPlus(Layout):
    """Votes and pictures side by side, or one list for all."""

    name: ClassVar[str] = "ferplus"
    classes: ClassVar[tuple[str, ...]] = _CLASSES
    cite: ClassVar[str] = "barsoum2016"

    def fits(self, folder: Path) -> bool:
        return (folder / _FOLDERS["Training"]).is_dir() and (folder / _FOLDERS["PrivateTest"]).is_dir()

    def listed(self, folder: Path) -> Parts:
        parts: dict[str, list[Picture]] = {usage: [] for usage in _FOLDERS}
        for usage, name, line in _voted(folder):
            label = majority([line.whole(each, 0, _VOTES, "number of votes") for each in line.fields[-_VOTES:]])
            if label is not None:
                path = line.existing(folder / _FOLDERS[usage] / name)
                parts[usage].append(Picture(path=path, label=label))
        return Parts(train=parts["Training"] + parts["PublicTest"], test=parts["PrivateTest"])


def _voted(folder: Path) -> Iterator[tuple[str, str, Line]]:
    """(usage, name of the picture, line) of every line."""
    if (folder / _ALL).is_file():
        for line in lines(folder / _ALL, fields=_VOTES + 2, header=True):
            usage, name = line.fields[:2]
            if usage not in _FOLDERS:
                raise line.wrong(f"{usage!r} is none of {', '.join(_FOLDERS)}", "correct the line")
            if name:  # the release has no name where there is no face
                yield usage, name, line
        return
    for usage, part in _FOLDERS.items():
        for line in lines(folder / part / "label.csv", fields=_VOTES + 1):
            yield usage, line.fields[0], line


def majority(votes: list[int]) -> int | None:
    """The class with more than half of the votes, single ones dropped; None where there is none, or it is no class."""
    counted = [each if each > 1 else 0 for each in votes]
    most = max(counted)
    label = counted.index(most)
    return label if 2 * most > sum(counted) and label < len(_CLASSES) else None
