"""Optional packages: imported where they are needed, and missed in one way."""

from __future__ import annotations

import importlib
from typing import Any

from picojoule.base.errors import MissingExtra


def needed(module: str, *, extra: str, needed_for: str, package: str | None = None) -> Any:
    """A module of an optional package.

    Args:
        module: its full name.
        extra: the extra of picojoule that installs it.
        needed_for: what wants it, as errors call it.
        package: what users install; the module's first name if None.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingExtra(package or module.partition(".")[0], extra=extra, needed_for=needed_for) from None
