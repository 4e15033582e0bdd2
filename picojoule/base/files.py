"""Files that are whole or absent: written beside the target, then renamed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from picojoule.base.errors import InputError


def write_whole(path: Path | str, content: bytes | str) -> Path:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a half.

    Args:
        path: the target; missing parent folders are made.
        content: text (written as UTF-8) or bytes.

    Returns:
        The path written.

    Raises:
        InputError: the folder cannot be written.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    require_writable(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise InputError(
            f"cannot write the file ({error.strerror})", where=str(path), remedy="free space or name another folder"
        ) from None
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def require_writable(folder: Path | str) -> Path:
    """Make `folder` if it is missing and prove that a file can be written there.

    Raises:
        InputError: the folder cannot be made or written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"cannot write there ({error.strerror})", where=str(folder), remedy="name a folder you may write with --out"
        ) from None
    return folder


@contextlib.contextmanager
def alone_in(folder: Path | str) -> Iterator[None]:
    """No other process or thread that asks for this is at work in `folder` while the block runs.

    The system lets go of the folder when the process ends, however it ends. Where a file system knows no locks, as
    some of a network do, nothing is held.

    Raises:
        InputError: another one is there.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path | str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(
            "another run is writing there", where=str(folder), remedy="wait for its end, or name another folder"
        ) from None
    except OSError:  # no locks on this file system
        pass


def read_bytes(path: Path | str, *, what: str) -> bytes:
    """The content of a file that must exist.

    Args:
        path: the file.
        what: what the user meant it to be, for the message ("weights", "result").

    Raises:
        InputError: there is no such readable file.
    """
    path = Path(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read the {what} ({error.strerror})", where=str(path), remedy="check the path"
        ) from None


def inside(folder: Path, name: str) -> Path:
    """The file that `name`, which came from a file, means in a folder.

    Raises:
        InputError: it is not in the folder, or no name.
    """
    path = Path(os.path.normpath(folder / name))
    if "\0" in name or not path.is_relative_to(os.path.normpath(folder)) or path == Path(os.path.normpath(folder)):
        raise InputError(
            f"it names the file {name[:80]!r}", where=str(folder), remedy="name files inside this folder only"
        )
    return path


def sha256(*parts: bytes) -> str:
    """Hexadecimal SHA-256 of the concatenated parts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
