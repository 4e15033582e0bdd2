"""Images from a folder with one folder of pictures for each class."""

from __future__ import annotations

import hashlib
from pathlib import Path

from picojoule.base.errors import DataError
from picojoule.base.progress import say
from picojoule.data.vision.images import Dataset, Images
from picojoule.data.vision.pictures import SUFFIXES, Picture, common_form, decode, picture_files
from picojoule.data.vision.split import every_fifth

TEST_FOLDERS = ("test", "val", "valid", "validation")
LAYOUT = "make train/<class>/*.png and test/<class>/*.png, or <class>/*.png"


def load(folder: Path, side: int | None = None) -> Dataset:
    """The data set in `folder`. Classes are numbered in the order of their names.

    Grey pictures have one channel; where one picture has colour, all have three.

    Args:
        folder: where.
        side: pixels to which every picture is brought; if None they have to be of one size.

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
    form = common_form([picture for part in parts for picture in part], folder, side)
    digest = hashlib.sha256()
    images = [decode(part, form, folder, digest) for part in parts]
    train, test = images if test_folder is not None else _split(images[0], folder)
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
        found = "pictures but no class folders" if picture_files(folder) else "no class folders"
        raise DataError(f"it has {found}", where=str(folder), remedy=LAYOUT)
    return names


def _require_same_classes(folder: Path, classes: list[str]) -> None:
    unknown = sorted(set(_classes(folder)) - set(classes))
    if unknown:
        raise DataError(f"the class {unknown[0]!r} is not in the training part", where=str(folder), remedy=LAYOUT)


def _pictures(folder: Path, classes: list[str], *, may_lack: bool = False) -> list[Picture]:
    pictures = []
    for label, name in enumerate(classes):
        files = picture_files(folder / name)
        if not files and not may_lack:
            remedy = f"put pictures there ({', '.join(SUFFIXES)}), or remove the folder"
            raise DataError("the folder has no pictures", where=str(folder / name), remedy=remedy)
        pictures += [Picture(path=path, label=label) for path in files]
    if not pictures:
        raise DataError("the folder has no pictures", where=str(folder), remedy=LAYOUT)
    return pictures


def _split(images: Images, folder: Path) -> tuple[Images, Images]:
    train, test = every_fifth(images.labels, where=str(folder))
    say(f"{folder}: no test part, so every fifth picture of each class ({len(test)} of {len(images)}) is kept for it")
    return images.select(train), images.select(test)
