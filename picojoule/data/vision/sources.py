"""The user's own data, in any of the forms the command line takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from picojoule.base.errors import DataError
from picojoule.data.importing import is_function_spec
from picojoule.data.vision import folder, function, npz
from picojoule.data.vision.images import Dataset
from picojoule.data.vision.raw import normalised

FORMS = "a folder of class folders, an .npz file, or package.module:function"


def load(spec: Any, *, mean: Sequence[float] | None = None, std: Sequence[float] | None = None) -> Dataset:
    """A data set from where the user has it.

    ==============================  ===================================================================
    folder                          ``train/<class>/*.png`` and ``test/<class>/…``, or only class folders
    ``.npz``                        x_train, y_train, x_test, y_test, or only x, y
    ``package.module:function``     whose result is one of the values below
    value                           a `Dataset`; a pair (train, test) of torch datasets or of pairs
                                    (x, y); or one torch dataset or pair (x, y)
    ==============================  ===================================================================

    Where there is no test part, every fifth image of each class is kept for it, and a line says so. The first two are
    the plain forms: their pixels are brought to [0, 1], then (x − mean) / std per channel.

    Args:
        spec: one of the forms.
        mean: one number, or one per channel; plain forms only.
        std: likewise.

    Raises:
        DataError: whatever is wrong with it, with place and remedy.
    """
    form = _form(spec)
    try:
        data = _LOADERS[form](spec)
    except OSError as problem:
        where = str(problem.filename or spec)
        raise DataError(
            f"it cannot be read ({problem.strerror})", where=where, remedy="check who may read it"
        ) from None
    if mean is None and std is None:
        return data
    if form not in _PLAIN:
        raise DataError(
            "mean and std are for a folder or an .npz file", where=data.name, remedy="normalise inside the function"
        )
    both = (0.0,) if mean is None else tuple(mean), (1.0,) if std is None else tuple(std)
    return replace(
        data, **{part: normalised(getattr(data, part), *both, where=data.name) for part in ("train", "test")}
    )


_LOADERS: dict[str, Callable[[Any], Dataset]] = {
    "folder": lambda spec: folder.load(Path(spec)),
    "npz": lambda spec: npz.load(Path(spec)),
    "function": lambda spec: function.load(str(spec)),
    "value": lambda spec: function.dataset_of(spec, name="data"),
}
_PLAIN = ("folder", "npz")


def _form(spec: Any) -> str:
    if not isinstance(spec, str | Path):
        return "value"
    path = Path(spec)
    if path.is_dir():
        return "folder"
    if path.is_file():
        if path.suffix == ".npz":
            return "npz"
        raise DataError(
            f"a file of the kind {path.suffix!r} is not read as data", where=str(path), remedy=f"give {FORMS}"
        )
    if is_function_spec(str(spec)):
        return "function"
    raise DataError("there is no such file or folder", where=str(spec), remedy=f"check the path; give {FORMS}")
