"""Images from a folder with one folder of pictures for each class."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from picojoule.base.errors import DataError
from picojoule.base.progress import say, track
from picojoule.data.vision.images import Dataset, Images
from picojoule.data.vision.raw import require_images_fit, to_images
from picojoule.data.vision.split import every_fifth

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
TEST_FOLDERS = ("test", "val", "valid", "validation")
LAYOUT = "make train/<class>/*.png and test/<class>/*.png, or <class>/*.png"

# Pillow's modes that we bring to 8 bits of grey or of red, green and blue.
GREY = ("1", "L", "LA", "La")
COLOUR = ("RGB", "RGBA", "RGBX", "RGBa", "P", "PA", "CMYK", "YCbCr", "HSV", "LAB")

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning)


@final
@dataclass(frozen=True, kw_only=True)
class _Picture:
    path: Path
    label: int


@final
@dataclass(frozen=True, kw_only=True)
class _Form:
    """What all pictures have in common."""

    width: int
    height: int
    mode: str

    @property
    def channels(self) -> int:
        return {"L": 1, "RGB": 3}[self.mode]


def load(folder: Path) -> Dataset:
    """The data set in `folder`. Classes are numbered in the order of their names.

    Grey pictures have one channel; where one picture has colour, all have three.

    Raises:
        DataError: no pictures, pictures of unequal size, a picture that cannot be read, more than 8 GiB, a class that
            only the test part has, or a class without pictures.
    """
    train_folder, test_folder = _parts(folder)
    classes = _classes(train_folder)
    parts = [_pictures(train_folder, classes)]
    if test_folder is not None:
        _require_same_classes(test_folder, classes)
        parts.append(_pictures(test_folder, classes, may_lack=True))
    form = _common_form([picture for part in parts for picture in part], folder)
    digest = hashlib.sha256()
    images = [_decode(part, form, folder, digest) for part in parts]
    train, test = images if test_folder is not None else _split(images[0], folder, classes)
    return Dataset(name=folder.resolve().name, train=train, test=test, sha256=digest.hexdigest())


def _parts(folder: Path) -> tuple[Path, Path | None]:
    train = folder / "train"
    tests = [folder / name for name in TEST_FOLDERS if (folder / name).is_dir()]
    if train.is_dir() and tests:
        return train, tests[0]
    if train.is_dir():
        remedy = f"add one of {', '.join(TEST_FOLDERS)}, or give the folder train itself to have it split"
        raise DataError("there is a folder 'train' but none for the test", where=str(folder), remedy=remedy)
    return folder, None


def _classes(folder: Path) -> list[str]:
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not names:
        found = "pictures but no class folders" if _picture_files(folder) else "no class folders"
        raise DataError(f"it has {found}", where=str(folder), remedy=LAYOUT)
    return names


def _require_same_classes(folder: Path, classes: list[str]) -> None:
    unknown = sorted(set(_classes(folder)) - set(classes))
    if unknown:
        raise DataError(f"the class {unknown[0]!r} is not in the training part", where=str(folder), remedy=LAYOUT)


def _pictures(folder: Path, classes: list[str], *, may_lack: bool = False) -> list[_Picture]:
    pictures = []
    for label, name in enumerate(classes):
        files = _picture_files(folder / name)
        if not files and not may_lack:
            remedy = f"put pictures there ({', '.join(SUFFIXES)}), or remove the folder"
            raise DataError("the folder has no pictures", where=str(folder / name), remedy=remedy)
        pictures += [_Picture(path=path, label=label) for path in files]
    if not pictures:
        raise DataError("the folder has no pictures", where=str(folder), remedy=LAYOUT)
    return pictures


def _picture_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    files = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in files if not path.name.startswith("."))


def _common_form(pictures: Sequence[_Picture], folder: Path) -> _Form:
    """Size and mode of all pictures, from their first bytes only."""
    size, colour = None, False
    for picture in pictures:
        found, mode = _size_and_mode(picture.path)
        size = size or found
        if found != size:
            raise DataError(
                f"it is {found[0]}×{found[1]} pixels but {pictures[0].path} is {size[0]}×{size[1]}",
                where=str(picture.path),
                remedy="bring all images to one size",
            )
        colour = colour or mode in COLOUR
    form = _Form(width=size[0], height=size[1], mode="RGB" if colour else "L")
    require_images_fit(len(pictures) * form.channels * form.width * form.height, where=str(folder))
    return form


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


def _decode(pictures: Sequence[_Picture], form: _Form, folder: Path, digest: hashlib._Hash) -> Images:
    """All pictures as one value; the bytes of their files go into `digest`."""
    shape = (len(pictures), form.height, form.width, form.channels)
    pixels = np.empty(shape, np.uint8)
    for position, picture in enumerate(track(pictures, f"reading {folder.name}")):
        raw = picture.path.read_bytes()
        digest.update(raw)
        pixels[position] = np.asarray(decoded(raw, form.mode, where=picture.path)).reshape(shape[1:])
    labels = np.array([picture.label for picture in pictures])
    return to_images(pixels.transpose(0, 3, 1, 2), labels, where=str(folder), channels_first=True)


def decoded(raw: bytes, mode: str, *, where: Path) -> Image.Image:
    """The picture in the bytes of a file, in one of Pillow's modes.

    Raises:
        DataError: it is none; `where` is the file.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw)) as opened:
                return opened.convert(mode)
    except _BROKEN as problem:
        raise _broken(where, problem) from None


def _broken(path: Path, problem: Exception) -> DataError:
    why = "not a known kind of picture" if isinstance(problem, UnidentifiedImageError) else problem
    return DataError(f"the picture cannot be read ({why})", where=str(path), remedy="mend or remove it")


def _split(images: Images, folder: Path, classes: Sequence[str]) -> tuple[Images, Images]:
    for name, number in zip(classes, torch.bincount(images.labels).tolist(), strict=True):
        if number < 2:
            remedy = "add pictures, or remove the folder"
            raise DataError("one picture cannot be learned from and tested", where=str(folder / name), remedy=remedy)
    train, test = every_fifth(images.labels, where=str(folder))
    say(f"{folder}: no test part, so every fifth picture of each class ({len(test)} of {len(images)}) is kept for it")
    return images.select(train), images.select(test)
