"""Progress of long work: a bar on a terminal, one line now and then when piped, silence when asked."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_SECONDS_BETWEEN_LINES = 10.0
_OTHERS = os.environ.get("RANK", "0") != "0"
"""Whether this is one of torchrun's processes, and not the first, which speaks for all."""
_quiet = _OTHERS


def set_quiet(quiet: bool) -> None:
    """Silence (or restore) all progress of this process; the command line's ``--quiet``."""
    global _quiet
    _quiet = quiet or _OTHERS


def say(line: str) -> None:
    """One line for the person waiting, on standard error; nothing when quiet."""
    if not _quiet:
        print(line, file=sys.stderr, flush=True)


def track(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """Iterate over `items` and show how far the work is.

    Args:
        items: the work.
        what: its name, shown to the person waiting.
        total: number of items where `items` has no length.
    """
    total = len(items) if total is None and hasattr(items, "__len__") else total  # type: ignore[arg-type]
    if _quiet:
        yield from items
    elif sys.stderr.isatty():
        yield from _bar(items, what, total)
    else:
        yield from _lines(items, what, total)


def _bar(items: Iterable[Item], what: str, total: int | None) -> Iterator[Item]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(items, total=total, description=what)


def _lines(items: Iterable[Item], what: str, total: int | None) -> Iterator[Item]:
    last = time.monotonic()
    for done, item in enumerate(items):
        if time.monotonic() - last > _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            say(f"{what}: {done}" + (f" of {total}" if total else ""))
        yield item
