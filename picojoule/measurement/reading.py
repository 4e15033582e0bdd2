"""A host that learns from a file page by page: how long it took, and how much of that it waited for the file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError
from picojoule.sim.in_host import HostLog


def read_pages(
    path: Path | str, order: NDArray[np.int64], *, page_bytes: int, work: Callable[[bytes], None]
) -> HostLog:
    """Read pages of a file one by one and work on each; the system is asked to forget what was read.

    Args:
        path: the file.
        order: number of each page, int64 ``[reads]``.
        page_bytes: of a page.
        work: what is done with a page.

    Raises:
        InputError: no such file, or a page beyond its end.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"cannot read it ({error.strerror})", where=str(path), remedy="check the path") from None
    try:
        return _through(handle, order, page_bytes, work, str(path))
    finally:
        os.close(handle)


def _through(
    handle: int, order: NDArray[np.int64], page_bytes: int, work: Callable[[bytes], None], where: str
) -> HostLog:
    forget = getattr(os, "posix_fadvise", None)
    waited, begun = 0.0, time.perf_counter()
    for page in order.tolist():
        if forget:
            forget(handle, page * page_bytes, page_bytes, os.POSIX_FADV_DONTNEED)
        asked = time.perf_counter()
        content = os.pread(handle, page_bytes, page * page_bytes)
        waited += time.perf_counter() - asked
        if len(content) != page_bytes:
            raise InputError(f"it has no page {page}", where=where, remedy="read pages that are there")
        work(content)
    return HostLog(pages=order, total_s=time.perf_counter() - begun, io_s=waited)
