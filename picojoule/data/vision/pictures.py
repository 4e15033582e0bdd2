"""Picture files and their classes, however a data set lists them, as images and labels. Every error names the file."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from PIL import Image, UnidentifiedImageError

from picojoule.base.errors import DataError
from picojoule.base.progress import track
from picojoule.data.vision.images import Images
from picojoule.data.vision.raw import require_images_fit, to_images

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")

# Pillow's modes that we bring to 8 bits of grey or of red, green and blue.
GREY = ("1", "L", "LA", "La")
COLOUR = ("RGB", "RGBA", "RGBX", "RGBa", "P", "PA", "CMYK", "YCbCr", "HSV", "LAB")

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning)


@final
@dataclass(frozen=True, kw_only=True)
class Picture:
    """A file and its class; of the file only the piece in `box`, left, top, right, bottom in pixels, where given."""

    path: Path
    label: int
    box: tuple[int, int, int, int] | None = None


@final
@dataclass(frozen=True, kw_only=True)
class Form:
    """What all pictures have in common: their size and Pillow's mode."""

    width: int
    height: int
    mode: str

    @property
    def channels(self) -> int:
        """1 or 3."""
        return {"L": 1, "RGB": 3}[self.mode]


def picture_files(folder: Path) -> list[Path]:
    """The pictures in a folder, by name; none where there is no such folder."""
    if not folder.is_dir():
        return []
    files = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in files if not path.name.startswith("."))


def require_two(pictures: Sequence[Picture], names: Sequence[str]) -> None:
    """Refuse a class of one picture, which cannot be both learnt and judged, and one of none.

    Raises:
        DataError: with the class, and its picture.
    """
    counts = Counter(each.label for each in pictures)
    for label, name in enumerate(names):
        alone = next((str(each.path) for each in pictures if each.label == label), None)
        if counts[label] < 2:
            raise DataError(
                f"the class {name!r} has {'only this picture' if alone else 'no picture'}",
                where=alone or "pictures",
                remedy="give each class two or more, or leave it out",
            )


def common_form(pictures: Sequence[Picture], folder: Path, side: int | None = None) -> Form:
    """Size and mode of all pictures, from their first bytes only.

    Args:
        pictures: at least one.
        folder: for the message about too many of them.
        side: pixels to which every picture is brought; if None they have to be of one size.

    Raises:
        DataError: a file that cannot be read, sizes that differ, or more than 8 GiB of pixels.
    """
    size, colour = (side, side) if side else None, False
    for picture in pictures:
        found, mode = _size_and_mode(picture.path)
        size = size or found
        if found != size and not side:
            raise DataError(
                f"it is {found[0]}×{found[1]} pixels but {pictures[0].path} is {size[0]}×{size[1]}",
                where=str(picture.path),
                remedy="bring all images to one size",
            )
        colour = colour or mode in COLOUR
    assert size is not None
    form = Form(width=size[0], height=size[1], mode="RGB" if colour else "L")
    require_images_fit(len(pictures) * form.channels * form.width * form.height, where=str(folder))
    return form


def decode(pictures: Sequence[Picture], form: Form, folder: Path, digest: hashlib._Hash) -> Images:
    """All pictures as one value, brought to the form's size; the bytes of their files go into `digest`.

    Raises:
        DataError: a file that cannot be read, or a box that reaches out of it.
    """
    shape = (len(pictures), form.height, form.width, form.channels)
    pixels = np.empty(shape, np.uint8)
    for position, picture in enumerate(track(pictures, f"reading {folder.name}")):
        raw = picture.path.read_bytes()
        digest.update(raw)
        try:
            with Image.open(io.BytesIO(raw)) as opened:
                pixels[position] = np.asarray(_piece(opened, picture, form)).reshape(shape[1:])
        except _BROKEN as problem:
            raise _broken(picture.path, problem) from None
    labels = np.array([picture.label for picture in pictures])
    return to_images(pixels.transpose(0, 3, 1, 2), labels, where=str(folder), channels_first=True)


def _piece(opened: Image.Image, picture: Picture, form: Form) -> Image.Image:
    if picture.box is not None:
        left, top, right, bottom = picture.box
        if not (0 <= left < right <= opened.width and 0 <= top < bottom <= opened.height):
            raise DataError(
                f"the box {picture.box} reaches out of its {opened.width}×{opened.height} pixels",
                where=str(picture.path),
                remedy="correct the box in the list of pictures",
            )
        opened = opened.crop(picture.box)
    opened = opened.convert(form.mode)
    size = (form.width, form.height)
    return opened if opened.size == size else opened.resize(size, Image.Resampling.BILINEAR)


def _size_and_mode(path: Path) -> tuple[tuple[int, int], str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                size, mode = picture.size, picture.mode
    except _BROKEN as problem:
        raise _broken(path, problem) from None
    if mode not in GREY + COLOUR:
        raise DataError(f"its pixels are of the mode {mode!r}", where=str(path), remedy="save it with 8 bits a channel")
    return size, mode


def _broken(path: Path, problem: Exception) -> DataError:
    why = "not a known kind of picture" if isinstance(problem, UnidentifiedImageError) else problem
    return DataError(f"the picture cannot be read ({why})", where=str(path), remedy="mend or remove it")
