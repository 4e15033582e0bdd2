"""The folders of CUB-200-2011, NABirds and Stanford Cars, as they are unpacked.

==============  ==============================================================================================
CUB, NABirds    ``images/``, ``images.txt``, ``image_class_labels.txt``, ``train_test_split.txt``, ``classes.txt``
Cars            ``cars_train/``, ``cars_test/`` and ``devkit/cars_train_annos.mat``,
                ``devkit/cars_test_annos_withlabels.mat`` (also beside the folders), ``devkit/cars_meta.mat``
Cars, one list  ``car_ims/`` and ``cars_annos.mat``
==============  ==============================================================================================
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from picojoule.base.errors import DataError
from picojoule.base.extras import needed
from picojoule.data.vision.listed import ListedData, listed

_LISTS = ("images.txt", "image_class_labels.txt", "train_test_split.txt")
_AGAIN = "unpack the archive again"
_LABELLED_TEST = "cars_test_annos_withlabels.mat"


def is_birds(folder: Path) -> bool:
    """Whether it has the lists of CUB and NABirds."""
    return (folder / _LISTS[0]).is_file()


def birds(folder: Path) -> ListedData:
    """CUB-200-2011 or NABirds.

    Raises:
        DataError: a list that is missing, has a line that is none of its form, or speaks of other pictures.
    """
    files, labels, training = (_column(folder / name) for name in _LISTS)
    for name, column in zip(_LISTS[1:], (labels, training), strict=True):
        if set(column) != set(files):
            odd = sorted(set(column) ^ set(files))[0]
            raise DataError(
                f"picture {odd} is in {name} or in images.txt, but not in both",
                where=str(folder / name),
                remedy="unpack the lists of one archive",
            )
    names = _column(folder / "classes.txt") if (folder / "classes.txt").is_file() else {}
    keys = list(files)
    return listed(
        folder / "images",
        [files[key] for key in keys],
        [_whole(labels[key], folder / _LISTS[1]) for key in keys],
        [_whole(training[key], folder / _LISTS[2]) == 1 for key in keys],
        {int(key): name for key, name in names.items() if key.isdecimal()},
        where=folder / _LISTS[0],
    )


def _column(path: Path) -> dict[str, str]:
    """Lines ``key value``, by key."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "not UTF-8"
        raise DataError(f"the list cannot be read ({why})", where=str(path), remedy=_AGAIN) from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        key, _, value = line.strip().partition(" ")
        if line.strip() and (not value or key in found):
            what = "no value" if not value else f"{key} a second time"
            raise DataError(f"line {number} has {what}", where=str(path), remedy="mend the list")
        if line.strip():
            found[key] = value
    return found


def _whole(text: str, path: Path) -> int:
    if not text.lstrip("-").isdecimal():
        raise DataError(f"{text!r} is no whole number", where=str(path), remedy="mend the list")
    return int(text)


def is_cars(folder: Path) -> bool:
    """Whether it has the annotations of Stanford Cars."""
    return _found(folder, "cars_annos.mat") is not None or _found(folder, "cars_train_annos.mat") is not None


def cars(folder: Path) -> ListedData:
    """Stanford Cars.

    Raises:
        DataError: annotations that cannot be read, or test annotations without classes.
        MissingExtra: SciPy, which reads .mat files, is not installed.
    """
    single = _found(folder, "cars_annos.mat")
    if single is not None:
        entries = _annotations(single, ("relative_im_path", "class", "test"))
        rows = [(str(path), int(label), not int(test)) for path, label, test in entries]
        return listed(folder, *map(list, zip(*rows, strict=True)), _car_names(folder), where=single)
    train, test = _found(folder, "cars_train_annos.mat"), _found(folder, _LABELLED_TEST)
    if train is None or test is None:
        raise DataError(
            "the test pictures have no classes",
            where=str(folder / _LABELLED_TEST),
            remedy="put the file with the test labels there",
        )
    rows = [
        (f"{part}/{name}", int(label), part == "cars_train")
        for part, path in (("cars_train", train), ("cars_test", test))
        for name, label in _annotations(path, ("fname", "class"))
    ]
    return listed(folder, *map(list, zip(*rows, strict=True)), _car_names(folder), where=train)


def _found(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / "devkit" / name) if path.is_file()), None)


def _annotations(path: Path, fields: tuple[str, ...]) -> list[tuple[Any, ...]]:
    content = _mat(path).get("annotations")
    names = getattr(getattr(content, "dtype", None), "names", None) or ()
    missing = [field for field in fields if field not in names]
    if missing:
        raise DataError(f"its annotations have no {missing[0]!r}", where=str(path), remedy=_AGAIN)
    return [tuple(entry[field] for field in fields) for entry in content.reshape(-1)]


def _mat(path: Path) -> dict[str, Any]:
    loadmat = needed("scipy.io", extra="demo", needed_for="reading .mat files").loadmat
    try:
        return dict(loadmat(path, squeeze_me=True))
    except Exception as problem:
        remedy = _AGAIN
        raise DataError(f"it is no .mat file ({problem})", where=str(path), remedy=remedy) from None


def _car_names(folder: Path) -> dict[int, str]:
    path = _found(folder, "cars_meta.mat")
    names = [] if path is None else _mat(path).get("class_names", [])
    return {number: str(name) for number, name in enumerate(names, 1)}
