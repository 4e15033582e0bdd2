"""Arrays of HDF5 files: within a limit of memory, and damage told in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from picojoule.base.errors import DataError, InputError, first_line
from picojoule.base.extras import needed
from picojoule.data.npz import require_fits

_DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, IndexError)
"""What h5py raises where a file is not what it should be."""


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """An HDF5 file to read from.

    Raises:
        MissingExtra: h5py is not installed.
        DataError: it is no such file, or something that is read from it is damaged.
    """
    h5py = needed("h5py", extra="events", needed_for=str(path))
    try:
        with h5py.File(path, "r") as file:
            yield file
    except InputError:
        raise
    except _DAMAGE as problem:
        what = f"it is no whole HDF5 file ({first_line(problem)})"
        raise DataError(what, where=str(path), remedy="check the path") from None


def whole(stored: Any, path: Path) -> np.ndarray:
    """All of an array that is stored in a file.

    Raises:
        DataError: it would need more than 8 GiB of memory, or a piece of it more than there is in the file.
    """
    where = f"{path}{stored.name}"
    require_fits(stored.size * stored.dtype.itemsize, where=where, error=DataError)
    size = path.stat().st_size
    if max(pieces(stored), default=0) > size:
        raise DataError(f"it says a piece is larger than all {size} bytes", where=where, remedy="check the path")
    return np.asarray(stored[()])


def pieces(stored: Any) -> list[int]:
    """Bytes in the file of each piece that an array is kept in; none where it is kept in one."""
    sizes: list[int] = []
    if stored.chunks is not None:
        stored.id.chunk_iter(lambda piece: sizes.append(piece.size))
    return sizes
