"""Files of events: plain arrays, text, N-MNIST's binaries, and through kept libraries HDF5, AEDAT4, EVT and ES.

==========================  =========================================================================================
``.npz``                    ``x y t p``; or ``xyp`` and ``dt`` as the shared N-MNIST file has them, of one recording
``.txt``                    a line an event, ``t x y p``; perhaps a first line ``width height`` (IJRR's form)
``.bin``                    five bytes an event: x, y, then a bit of polarity and 23 bits of microseconds (N-MNIST)
``.h5 .hdf5``               ``events/xs ys ts ps`` (HQF) or ``davis/left/events`` (MVSEC); needs h5py
``.aedat4 .raw .dat .es``   needs faery
==========================  =========================================================================================

Times with a fraction are seconds, whole ones microseconds. Polarities are 0 and 1 or −1 and 1.

With ``repair=True`` what is wrong is put right, and a line says how much: events are sorted by time, those outside the
sensor and a half event at the end are left out. A file without events is refused in any case.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from picojoule.base.errors import DataError
from picojoule.base.extras import needed
from picojoule.base.files import read_bytes
from picojoule.base.progress import say
from picojoule.data import hdf5, npz
from picojoule.data.events import nmnist
from picojoule.data.events.events import Events, events

_MOST, _WIDEST = 2**50, 2**15 - 1
_SORTED, _OUTSIDE, _TAIL = "in the wrong order", "outside the sensor", "half of an event at the end"


class Columns(NamedTuple):
    """Events as they were written: whole numbers, time in microseconds, polarity 0 or 1.

    Attributes:
        size: height and width, where the file tells.
        tail: whether the file ends within an event.
    """

    x: np.ndarray
    y: np.ndarray
    time: np.ndarray
    polarity: np.ndarray
    size: tuple[int, int] | None = None
    tail: bool = False


def load(path: Path | str, *, size: tuple[int, int] | None = None, repair: bool = False) -> Events:
    """The events of a file.

    Args:
        path: of one of the forms above.
        size: height and width of the sensor; what the file tells, if None, or else as far as events reach.
        repair: put right what can be.

    Raises:
        DataError: another form, a damaged file, no events, an event outside the sensor, time that goes backwards, or a
            file that ends within an event.
        MissingExtra: the library for this form is not installed.
    """
    path = Path(path)
    read = READERS.get(path.suffix.lower())
    if read is None:
        what = f"a file of the kind {path.suffix!r} is not read as events"
        raise DataError(what, where=str(path), remedy=f"give one of {', '.join(READERS)}")
    return checked(read(path), where=str(path), size=size, repair=repair)


def checked(found: Columns, *, where: str, size: tuple[int, int] | None = None, repair: bool = False) -> Events:
    """Columns as events, put right if that is wanted.

    Raises:
        DataError: as for `load`.
    """
    if found.tail:
        _wrong_or_said(_TAIL, 1, where, repair)
    if not len(found.time):
        raise DataError("there are no events", where=where, remedy="give a recording with one event or more")
    height, width = size or found.size or (int(found.y.max()) + 1, int(found.x.max()) + 1)
    if max(height, width) > _WIDEST:
        what = f"events reach as far as {width}×{height}"
        raise DataError(what, where=where, remedy="give the size of the sensor")
    inside = (found.x >= 0) & (found.x < width) & (found.y >= 0) & (found.y < height)
    if not inside.all():
        _wrong_or_said(f"{_OUTSIDE} of {width}×{height}", int((~inside).sum()), where, repair)
    kept = np.flatnonzero(inside)
    if not len(kept):
        raise DataError("there are no events on the sensor", where=where, remedy="give the size of the sensor")
    falls = int((np.diff(found.time[kept]) < 0).sum())
    if falls:
        _wrong_or_said(f"{_SORTED}: time goes backwards", falls, where, repair)
        kept = kept[np.argsort(found.time[kept], kind="stable")]
    columns = (torch.from_numpy(each[kept]) for each in (found.x, found.y, found.polarity, found.time))
    return events(*columns, (height, width))


def _wrong_or_said(what: str, count: int, where: str, repair: bool) -> None:
    line = f"{count} event{'s' * (count != 1)} {what}"
    if not repair:
        raise DataError(line, where=where, remedy="read it with repair=True, or give the size of the sensor")
    say(f"{where}: {line}, put right")


def _npz(path: Path) -> Columns:
    known = npz.headers(path, error=DataError)
    if {"xyp", "dt"} <= known.keys():
        arrays = npz.read(path, ["xyp", "dt"], error=DataError)
        _equal(path, arrays["xyp"], arrays["dt"])
        xyp, time = arrays["xyp"].astype(np.int64), np.cumsum(arrays["dt"], dtype=np.int64)
        return Columns(xyp & 63, xyp >> 6 & 63, time, xyp >> 12, nmnist.SIZE)
    missing = [name for name in "xytp" if name not in known]
    if missing:
        raise DataError(f"it has no {', '.join(missing)}", where=str(path), remedy="save x, y, t and p, or xyp and dt")
    arrays = npz.read(path, [*"xytp", *(["size"] if "size" in known else [])], error=DataError)
    size = _size(path, arrays["size"]) if "size" in arrays else None
    x, y, t, p = (arrays[name] for name in "xytp")
    _equal(path, x, y, t, p)
    return Columns(x.astype(np.int64), y.astype(np.int64), _microseconds(t), _polarity(p, path), size)


def _text(path: Path) -> Columns:
    lines = [
        line.split() for line in read_bytes(path, what="events").decode(errors="replace").splitlines() if line.strip()
    ]
    size = None
    if lines and len(lines[0]) == 2 and all(word.isascii() and word.isdigit() for word in lines[0]):
        size = _size(path, np.array([min(int(word), _MOST) for word in reversed(lines.pop(0))]))
    tail = bool(lines) and len(lines[-1]) < 4
    lines = lines[:-1] if tail else lines
    wrong = next((k for k, line in enumerate(lines) if len(line) != 4), None)
    if wrong is not None:
        what = f"event {wrong} has {len(lines[wrong])} numbers"
        raise DataError(what, where=str(path), remedy="write t x y p on every line")
    try:
        table = np.array(lines, dtype=np.float64).reshape(-1, 4)
    except ValueError as error:
        raise DataError(f"a word that is no number ({error})", where=str(path), remedy="write t x y p") from None
    _equal(path, *table.T)
    whole = not lines or "." not in lines[0][0]
    time = table[:, 0].astype(np.int64) if whole else _microseconds(table[:, 0])
    x, y = table[:, 1].astype(np.int64), table[:, 2].astype(np.int64)
    return Columns(x, y, time, _polarity(table[:, 3], path), size, tail)


def _binary(path: Path) -> Columns:
    raw = np.frombuffer(read_bytes(path, what="events"), np.uint8)
    tail = len(raw) % 5 != 0
    parts = raw[: len(raw) // 5 * 5].reshape(-1, 5).astype(np.int64)
    time = (parts[:, 2] & 127) << 16 | parts[:, 3] << 8 | parts[:, 4]
    return Columns(parts[:, 0], parts[:, 1], time, parts[:, 2] >> 7, nmnist.SIZE, tail)


def _hdf5(path: Path) -> Columns:
    with hdf5.opened(path) as file:
        if "events/xs" in file:
            x, y, t, p = (hdf5.whole(file[f"events/{name}"], path) for name in ("xs", "ys", "ts", "ps"))
            told = file.attrs.get("sensor_resolution")
            size = None if told is None else _size(path, np.asarray(told)[:2])
        elif "davis/left/events" in file:
            x, y, t, p = hdf5.whole(file["davis/left/events"], path).T
            size = (260, 346)
        else:
            raise DataError("it has no events", where=str(path), remedy="give events/xs ys ts ps or davis/left/events")
    _equal(path, x, y, t, p)
    return Columns(x.astype(np.int64), y.astype(np.int64), _microseconds(t), _polarity(p, path), size)


def _faery(path: Path) -> Columns:
    faery = needed("faery", extra="events", needed_for=str(path))
    try:
        stream = faery.events_stream_from_file(path)
        width, height = stream.dimensions()
        parts = [*stream]
    except Exception as error:  # whatever its decoders raise
        raise DataError(f"it cannot be decoded ({error})", where=str(path), remedy="check the file") from None
    table = {
        name: np.concatenate([each[name] for each in parts]) if parts else np.zeros(0) for name in ("x", "y", "t", "on")
    }
    x, y, t, p = (table[name].astype(np.int64) for name in ("x", "y", "t", "on"))
    return Columns(x, y, t, p, (height, width))


READERS: dict[str, Callable[[Path], Columns]] = {
    ".npz": _npz,
    ".txt": _text,
    ".bin": _binary,
    **dict.fromkeys((".h5", ".hdf5"), _hdf5),
    **dict.fromkeys((".aedat4", ".raw", ".dat", ".es"), _faery),
}
"""By the end of the name."""


def _microseconds(t: np.ndarray) -> np.ndarray:
    """Seconds from the first event on where they have fractions; whole numbers as they are."""
    if t.dtype.kind in "iub":
        return t.astype(np.int64)
    return np.round((t - (t[0] if len(t) else 0)) * 1e6).astype(np.int64)


def _polarity(p: np.ndarray, path: Path) -> np.ndarray:
    known = np.isin(p, (-1, 0, 1))
    if not known.all():
        k = int(np.flatnonzero(~known)[0])
        raise DataError(f"event {k} has the polarity {p[k]}", where=str(path), remedy="write 0 and 1, or −1 and 1")
    return (p > 0).astype(np.int64)


def _equal(path: Path, *columns: np.ndarray) -> None:
    """Columns of as many finite numbers each, none so large that a time in microseconds has no room."""
    shapes = [each.shape for each in columns]
    if len(set(shapes)) > 1 or len(shapes[0]) != 1:
        what = f"columns of shapes {', '.join(map(str, map(list, shapes)))}"
        raise DataError(what, where=str(path), remedy="give as many of each; the file may be cut off")
    if any(each.dtype.kind not in "iufb" for each in columns):
        raise DataError("columns that are no numbers", where=str(path), remedy="save numbers")
    if any(each.size and not (np.abs(each.astype(np.float64)) < _MOST).all() for each in columns):
        raise DataError("numbers without end", where=str(path), remedy="save finite times and places")


def _size(path: Path, size: np.ndarray) -> tuple[int, int]:
    if size.shape != (2,) or size.dtype.kind not in "iu" or not 0 < int(size.min()) <= int(size.max()) <= _WIDEST:
        raise DataError(f"the size of its sensor is {size.tolist()}", where=str(path), remedy="save height and width")
    return int(size[0]), int(size[1])
