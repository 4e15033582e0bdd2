"""Traces of real hosts as requests, and requests as traces. Formats are a table; a wrong line is named by its number.

==========  ==========================================================================================
format      a line
==========  ==========================================================================================
picojoule   ``time_us,op,offset,size`` with ``op`` r or w; the first line is this header
msr         ``Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime``: MSR Cambridge; time in 100 ns
mqsim       ``arrival_ns device lba size type``: sectors of 512 bytes, type 0 writes and 1 reads
==========  ==========================================================================================

Offsets and sizes are bytes except in MQSim's form. Times begin with 0 at the first request.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from picojoule.base.errors import InputError
from picojoule.base.files import read_bytes, write_whole
from picojoule.sim.ssd.requests import Requests

HEADER = "time_us,op,offset,size"
_MOST, _MOST_BYTES = 2**62, 2**40
"""Of a trace in picoseconds or an offset in bytes; and of one request in bytes."""


@final
@dataclass(frozen=True, kw_only=True)
class Format:
    """Where a line has what.

    Attributes:
        separator: between columns; None for blanks.
        columns: how many.
        time, kind, offset, size: numbers of the columns.
        tick_ps: picoseconds of a unit of time.
        unit: bytes of a unit of offset and size.
        reads, writes: the words of the two kinds, in small letters.
        header: the first line, if there is one.
    """

    separator: str | None
    columns: int
    time: int
    kind: int
    offset: int
    size: int
    tick_ps: int
    unit: int
    reads: str
    writes: str
    header: str | None = None


FORMATS: dict[str, Format] = {
    "picojoule": Format(
        separator=",", columns=4, time=0, kind=1, offset=2, size=3, tick_ps=10**6, unit=1, reads="r", writes="w",
        header=HEADER,
    ),
    "msr": Format(
        separator=",", columns=7, time=0, kind=3, offset=4, size=5, tick_ps=10**5, unit=1, reads="read", writes="write"
    ),
    "mqsim": Format(
        separator=None, columns=5, time=0, kind=4, offset=2, size=3, tick_ps=10**3, unit=512, reads="1", writes="0"
    ),
}  # fmt: skip


def read(path: Path | str, *, page_bytes: int, form: str = "msr", wrap_pages: int | None = None) -> Requests:
    """The requests of a trace, as whole pages: each page that a request touches.

    Args:
        path: a text file.
        page_bytes: of the device.
        form: one of `FORMATS`.
        wrap_pages: take page numbers modulo this, for a drive smaller than the traced one; None keeps them.

    Raises:
        InputError: no such file or format, no requests, or a malformed line.
    """
    if form not in FORMATS:
        raise InputError(
            f"there is no trace format {form!r}", where=str(path), remedy=f"use one of {', '.join(FORMATS)}"
        )
    rule = FORMATS[form]
    lines = read_bytes(path, what="trace").decode("utf-8", "replace").splitlines()
    rows = [
        _row(line, rule, f"{path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not (number == 1 and line.strip() == rule.header)
    ]
    if not rows:
        raise InputError("it has no requests", where=str(path), remedy="give at least one line")
    time, writes, offset, size = (np.array(column) for column in zip(*rows, strict=True))
    first, last = offset // page_bytes, (offset + size - 1) // page_bytes
    if wrap_pages is not None:
        first, last = _wrapped(first, last, wrap_pages, str(path))
    if time.max() - time.min() >= _MOST:
        raise InputError("it is longer than 53 days", where=str(path), remedy="cut it, or name its format")
    order = np.argsort(time, kind="stable")
    arrival = (time - time.min()).astype(np.int64)
    return Requests(
        page=first[order].astype(np.int64),
        pages=(last - first + 1)[order].astype(np.int32),
        writes=writes[order],
        arrival_ps=arrival[order],
    )


def write(path: Path | str, requests: Requests, *, page_bytes: int) -> Path:
    """Write requests with their arrival times in our own form; times are rounded to nanoseconds.

    Raises:
        InputError: the folder cannot be written, or the requests have no arrival times.
    """
    if requests.arrival_ps is None:
        raise InputError("the requests have no arrival times", where=str(path), remedy="give them arrival_ps")
    columns = (requests.arrival_ps, requests.writes, requests.page, requests.pages)
    lines = [
        f"{time / 1e6:.3f},{'w' if writes else 'r'},{page * page_bytes},{pages * page_bytes}"
        for time, writes, page, pages in zip(*(column.tolist() for column in columns), strict=True)
    ]
    return write_whole(path, "\n".join([HEADER, *lines]) + "\n")


def _row(line: str, rule: Format, where: str) -> tuple[int, bool, int, int]:
    """Time in picoseconds, whether it writes, offset and size in bytes."""
    cells = [cell.strip() for cell in line.split(rule.separator)]
    if len(cells) != rule.columns:
        raise _wrong(f"{len(cells)} columns instead of {rule.columns}", where)
    kind = cells[rule.kind].lower()
    if kind not in (rule.reads, rule.writes):
        raise _wrong(f"{cells[rule.kind]!r} is neither {rule.reads} nor {rule.writes}", where)
    try:
        whole, _, part = cells[rule.time].partition(".")
        time = int(whole) * rule.tick_ps + (int(float(f"0.{part}") * rule.tick_ps) if part else 0)
        offset, size = (int(cells[column]) * rule.unit for column in (rule.offset, rule.size))
    except (ValueError, OverflowError):
        raise _wrong(f"a time, offset or size that is no number: {line.strip()[:80]!r}", where) from None
    if not (time >= 0 and 0 <= offset < _MOST and 1 <= size < _MOST_BYTES):
        raise _wrong("a negative time or offset, a size below 1, or a number beyond any drive", where)
    return time, kind == rule.writes, offset, size


def _wrong(what: str, where: str) -> InputError:
    return InputError(what, where=where, remedy="correct or remove the line, or name its format")


def _wrapped(first: np.ndarray, last: np.ndarray, pages: int, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Page numbers modulo the drive's; a request that would go over the end is shifted down to end there."""
    length = last - first
    if int(length.max()) >= pages:
        raise InputError(f"a request of {int(length.max()) + 1} pages", where=where, remedy="take a larger drive")
    first = np.minimum(first % pages, pages - 1 - length)
    return first, first + length
