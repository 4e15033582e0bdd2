"""What a host asks of a drive: a table of requests, and the patterns of asking that benchmarks use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Requests:
    """Reads and writes of whole pages, in the order in which they are asked.

    Attributes:
        page: the first logical page of each, int64 ``[requests]``.
        pages: how many pages each has, int32 ``[requests]``.
        writes: which ones write ``[requests]``.
        arrival_ps: when each comes, not falling; None where the next one comes as soon as the queue has a place.

    Raises:
        InputError: lengths differ, a page or a number is negative, or the times fall.
    """

    page: NDArray[np.int64]
    pages: NDArray[np.int32]
    writes: NDArray[np.bool_]
    arrival_ps: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        lengths = {len(each) for each in (self.page, self.pages, self.writes, self.arrival_ps) if each is not None}
        _require(len(lengths) == 1 and lengths != {0}, f"columns of lengths {sorted(lengths)}", "give one or more rows")
        _require(int(self.page.min()) >= 0, "a page below 0", "count pages from 0")
        _require(int(self.pages.min()) >= 1, "a request without pages", "give each 1 or more")
        falls = self.arrival_ps is not None and bool((np.diff(self.arrival_ps) < 0).any())
        _require(not falls, "arrival times that fall", "sort the requests by time")

    def __len__(self) -> int:
        return len(self.page)

    @property
    def total_pages(self) -> int:
        """Pages of all requests."""
        return int(self.pages.sum(dtype=np.int64))


def of_pages(page: NDArray[np.int64], *, writes: bool | NDArray[np.bool_] = False) -> Requests:
    """One request a page, the next one as soon as there is a place in the queue."""
    page = np.asarray(page, np.int64)
    flags = np.broadcast_to(np.asarray(writes, np.bool_), len(page)).copy()
    return Requests(page=page, pages=np.ones(len(page), np.int32), writes=flags)


def sequential(count: int, *, within: int, writes: bool = False) -> Requests:
    """Page after page from 0, and again from 0 after `within` pages."""
    return of_pages(np.arange(count, dtype=np.int64) % within, writes=writes)


def uniform(count: int, *, within: int, seed: int, reads: float = 1.0) -> Requests:
    """Pages drawn alike below `within`; a fraction `reads` of them are read, the others written."""
    drawn = np.random.default_rng(seed)
    page = drawn.integers(0, within, count)
    return of_pages(page, writes=drawn.random(count) >= reads)


def _require(true: bool, what: str, remedy: str) -> None:
    if not true:
        raise InputError(what, where="requests", remedy=remedy)
