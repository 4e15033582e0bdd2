"""Reading ``.npz`` files with care: no pickle is ever loaded, and sizes are known before anything is unpacked."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, final

import numpy as np
from numpy.lib import format as npy

from picojoule.base.errors import InputError

LIMIT_BYTES = 8 * 2**30

_HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, OverflowError, NotImplementedError, RuntimeError,
    tokenize.TokenError,
)  # fmt: skip
"""What zipfile and numpy raise at files that are not whole."""


@final
@dataclass(frozen=True, kw_only=True)
class Header:
    """Shape and type of an array that has not been read yet."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def size(self) -> int:
        """Number of entries."""
        return prod(self.shape)


def headers(path: Path, *, error: type[InputError]) -> dict[str, Header]:
    """Name, shape and type of each array in the file.

    Args:
        path: the file.
        error: class of the error raised.

    Raises:
        InputError: no such file, not an npz, damaged, a pickle, or an array of pickled objects.
    """
    with _opened(path, error) as archive:
        return {name: _header(archive, name, path, error) for name in _names(archive)}


def read(path: Path, names: Iterable[str], *, error: type[InputError]) -> dict[str, np.ndarray]:
    """The named arrays of the file.

    Raises:
        InputError: as `headers`, or more than 8 GiB in all.
    """
    known = headers(path, error=error)
    wanted = {name: known[name] for name in names}
    require_fits(sum(header.size * header.dtype.itemsize for header in wanted.values()), where=str(path), error=error)
    with _opened(path, error) as archive:
        try:
            return {name: _array(archive, name) for name in wanted}
        except _DAMAGE as problem:
            raise _damaged(path, problem, error) from None


def require_fits(n_bytes: int, *, where: str, error: type[InputError]) -> None:
    """Refuse what would need more than 8 GiB of memory.

    Raises:
        InputError: with the number of bytes.
    """
    if n_bytes > LIMIT_BYTES:
        raise error(
            f"it would take {n_bytes / 2**30:.1f} GiB of memory, and {LIMIT_BYTES / 2**30:.0f} GiB is the limit",
            where=where,
            remedy="give a smaller part of it",
        )


def pickle_error(path: Path, error: type[InputError], remedy: str) -> InputError:
    """The error for a file that is a pickle."""
    return error("it is a pickle, which can run code of its author when loaded", where=str(path), remedy=remedy)


def is_pickle(path: Path) -> bool:
    """Whether the file's first bytes, or a member of its zip archive, are those of a pickle (``.pkl``, ``.pt``).

    Raises:
        OSError: the file cannot be read.
    """
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                return any(name.endswith(".pkl") for name in archive.namelist())
        except (zipfile.BadZipFile, NotImplementedError, ValueError):
            return False
    with path.open("rb") as file:
        start = file.read(2)
    return len(start) == 2 and start[0] == 0x80 and start[1] in range(2, 6)


def _opened(path: Path, error: type[InputError]) -> zipfile.ZipFile:
    try:
        if is_pickle(path):
            raise pickle_error(path, error, "save plain arrays with numpy.savez")
        return zipfile.ZipFile(path)
    except OSError as problem:
        raise error(f"cannot read the file ({problem.strerror})", where=str(path), remedy="check the path") from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as problem:
        raise _damaged(path, problem, error) from None


def _names(archive: zipfile.ZipFile) -> list[str]:
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def _header(archive: zipfile.ZipFile, name: str, path: Path, error: type[InputError]) -> Header:
    try:
        with archive.open(f"{name}.npy") as member:
            header = _read_header(member)
    except _DAMAGE as problem:
        raise _damaged(path, problem, error) from None
    if header.dtype.hasobject:
        raise error(
            f"the array {name!r} holds pickled objects, which can run code when loaded",
            where=str(path),
            remedy="save it as plain numbers of one shape",
        )
    return header


def _read_header(member: IO[bytes]) -> Header:
    version = npy.read_magic(member)
    if version not in _HEADER_READERS:
        raise ValueError(f"npy format {version} is not supported")
    shape, _, dtype = _HEADER_READERS[version](member)
    return Header(shape=shape, dtype=dtype)


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(f"{name}.npy") as member:
        array = npy.read_array(member, allow_pickle=False)
        member.read()  # to the end, so that the archive's checksum is looked at
        return array


def _damaged(path: Path, problem: Exception, error: type[InputError]) -> InputError:
    return error(
        f"it is not a whole .npz file ({str(problem) or type(problem).__name__})",
        where=str(path),
        remedy="write it again with numpy.savez",
    )
