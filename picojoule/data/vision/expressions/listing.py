"""What the readers of expressions share: what they give, and reading lists of files line by line."""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, final

from picojoule.base.errors import DataError
from picojoule.data.vision.folder import SUFFIXES


class Picture(NamedTuple):
    """A file and its class, and the piece of it that is a face: left, top, right, bottom in pixels, all if None."""

    path: Path
    label: int
    box: tuple[int, int, int, int] | None = None


class Parts(NamedTuple):
    """Pictures to train with and to test with."""

    train: list[Picture]
    test: list[Picture]


class Layout(ABC):
    """How a data set lies in its folder.

    Attributes:
        name: of the data set.
        classes: names, by number.
        cite: its key in the bibliography.
    """

    name: ClassVar[str]
    classes: ClassVar[tuple[str, ...]]
    cite: ClassVar[str]

    @abstractmethod
    def fits(self, folder: Path) -> bool:
        """Whether a folder looks like this data set."""

    @abstractmethod
    def listed(self, folder: Path) -> Parts:
        """Its pictures.

        Raises:
            DataError: a list that is damaged, with file and line, or a picture in it that is not there.
        """


@final
@dataclass(frozen=True, slots=True)
class Line:
    """A line of a list: its fields, and where it stands."""

    fields: tuple[str, ...]
    file: Path
    number: int

    def wrong(self, what: str, remedy: str) -> DataError:
        """What is wrong with it, as an error."""
        return DataError(what, where=f"{self.file}, line {self.number}", remedy=remedy)

    def whole(self, text: str, least: int, most: int, what: str) -> int:
        """A whole number within limits."""
        try:
            number = int(float(text))
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise self.wrong(f"{text!r} is no {what} from {least} to {most}", "correct the line")
        return number

    def existing(self, path: Path) -> Path:
        """A file that has to be there."""
        if not path.is_file():
            raise self.wrong(f"there is no file {path}", "unpack all pictures, or take the line out")
        return path


def lines(file: Path, *, fields: int, separator: str = ",", header: bool = False) -> Iterator[Line]:
    """The lines of a list that have something in them.

    Raises:
        DataError: the file cannot be read, or a line has fewer than `fields` fields.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise DataError(f"the list cannot be read ({problem})", where=str(file), remedy="check the file") from None
    for number, row in enumerate(csv.reader(text.splitlines(), delimiter=separator), 1):
        if (header and number == 1) or not any(row):
            continue
        line = Line(tuple(row), file, number)
        if len(row) < fields:
            raise line.wrong(f"it has {len(row)} fields, not {fields}", "correct the line")
        yield line


def picture_files(folder: Path) -> list[Path]:
    """The pictures in a folder, by name.

    Raises:
        DataError: there is no such folder.
    """
    if not folder.is_dir():
        raise DataError("there is no such folder", where=str(folder), remedy="unpack the whole archive there")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())


def require_two(pictures: Sequence[Picture], names: Sequence[str], folder: Path) -> None:
    """Refuse a class of one picture, which cannot be both learnt and judged, and one of none.

    Raises:
        DataError: with the class, and its picture.
    """
    for label, name in enumerate(names):
        found = [each.path for each in pictures if each.label == label]
        if len(found) < 2:
            raise DataError(
                f"the class {name!r} has {'only this picture' if found else 'no picture'} for training",
                where=str(found[0] if found else folder),
                remedy="give each class two or more",
            )
