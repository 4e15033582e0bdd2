"""A ``.nir`` file: HDF5, of which nothing is read that could not be in a file of its size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from picojoule.base.errors import InputError
from picojoule.base.extras import needed
from picojoule.data import hdf5

MOST_TIMES = 1032
"""Deflate, which nir packs its numbers with, makes 1032 bytes of one at most."""


def require_nir() -> Any:
    """The package ``nir``.

    Raises:
        MissingExtra: it is not installed.
    """
    return needed("nir", extra="nir", needed_for="exchange with NIR")


def read(path: Path | str) -> Any:
    """The ``nir.NIRGraph`` of a file.

    Raises:
        InputError: what it says it holds is more than it can.
        MissingExtra: the package is not installed.
    """
    nir = require_nir()
    size = Path(path).stat().st_size
    with needed("h5py", extra="nir", needed_for="exchange with NIR").File(path, "r") as file:
        for name, n_bytes, limit in _sizes(file, size):
            if n_bytes > limit:
                raise InputError(
                    f"{name} would take {n_bytes} bytes, and a file of {size} bytes holds {limit} at most",
                    where=str(path),
                    remedy="it is damaged; give a file of nir.write",
                )
    return nir.read(path, type_check=False)


def _sizes(file: Any, size: int) -> Iterator[tuple[str, int, int]]:
    """What all values, and each of the pieces they are kept in, take in memory; and the most that it can be."""
    import h5py

    found: list[Any] = []
    file.visititems(lambda _, each: found.append(each) if isinstance(each, h5py.Dataset) else None)
    yield "the whole of it", sum(each.nbytes for each in found), MOST_TIMES * size
    for each in found:
        for piece in hdf5.pieces(each):
            yield f"a piece of {each.name}", piece, size
