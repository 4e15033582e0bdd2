"""What a result was made on."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def environment() -> dict[str, object]:
    """Versions, processor and threads, for ``result.json``."""
    torch = sys.modules.get("torch")
    return {
        "picojoule": _version("picojoule"),
        "torch": _version("torch"),
        "python": platform.python_version(),
        "cpu": _processor(),
        "threads": torch.get_num_threads() if torch is not None else None,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
