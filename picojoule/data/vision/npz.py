"""Images from an ``.npz`` file of arrays."""

from __future__ import annotations

import hashlib
from pathlib import Path

from picojoule.base.errors import DataError
from picojoule.base.progress import say
from picojoule.data import npz
from picojoule.data.vision.images import Dataset, Images
from picojoule.data.vision.raw import require_images_fit, to_images
from picojoule.data.vision.split import every_fifth

# Names under which people save arrays; the first of each row is the one we recommend.
TRAIN = (("x_train", "y_train"), ("X_train", "y_train"), ("train_images", "train_labels"), ("train_x", "train_y"))
TEST = (("x_test", "y_test"), ("X_test", "y_test"), ("test_images", "test_labels"), ("test_x", "test_y"))
WHOLE = (("x", "y"), ("X", "y"), ("images", "labels"), ("data", "labels"), ("data", "target"))


def load(path: Path) -> Dataset:
    """The data set in the file at `path`.

    Raises:
        DataError: whatever is wrong with the file or its arrays.
    """
    known = npz.headers(path, error=DataError)
    parts = [_pair(known, names) for names in (TRAIN, TEST)]
    if None in parts:
        parts = [_pair(known, WHOLE)]
    names = [name for pair in parts if pair is not None for name in pair]
    if not names:
        raise DataError(
            f"it has no images and labels under a known name, but {', '.join(map(repr, known)) or 'nothing'}",
            where=str(path),
            remedy="name the arrays x_train, y_train, x_test, y_test, or x, y",
        )
    require_images_fit(sum(known[name].size for name in names), where=str(path))
    return _dataset(path, names)


def _pair(known: dict[str, npz.Header], names: tuple[tuple[str, str], ...]) -> tuple[str, str] | None:
    return next((pair for pair in names if set(pair) <= set(known)), None)


def _dataset(path: Path, names: list[str]) -> Dataset:
    arrays = npz.read(path, set(names), error=DataError)
    images = [
        to_images(arrays[x], arrays[y], where=f"{path} ({x}, {y})")
        for x, y in zip(names[::2], names[1::2], strict=True)
    ]
    train, test = images if len(images) == 2 else _split(images[0], path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Dataset(name=path.stem, train=train, test=test, sha256=digest)


def _split(images: Images, path: Path) -> tuple[Images, Images]:
    train, test = every_fifth(images.labels, where=str(path))
    say(f"{path}: no test part, so every fifth image of each class ({len(test)} of {len(images)}) is kept for the test")
    return images.select(train), images.select(test)
