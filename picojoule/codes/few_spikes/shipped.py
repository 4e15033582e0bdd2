"""The tables that come with the package: our fits of every function, and the sets that others published.

``fitted.json`` is written by :mod:`picojoule.codes.few_spikes.make`. ``published.json`` has the numbers of the
repositories of both papers (Swish on −8 … 12; read there, not in the papers), as they are.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

from picojoule.codes.few_spikes.sequences import Sequences

FITTED, PUBLISHED = (Path(__file__).with_name(f"{name}.json") for name in ("fitted", "published"))
STEPS = (4, 6, 8, 12, 16)
"""K of the fits that come with the package."""


@functools.cache
def fitted(function: str, steps: int) -> Sequences | None:
    """Our fit of a function by its name, on its usual range and for a uniform density; None where there is none."""
    sets = json.loads(FITTED.read_text())["sets"] if FITTED.exists() else {}
    return _sequences(sets[f"{function} {steps}"]) if f"{function} {steps}" in sets else None


@functools.cache
def published() -> dict[str, Sequences]:
    """Sets for Swish: ``pretrained 8`` and ``tbpi 8`` (K = 4 … 16) of the TBPI repository, ``stoeckl 16``."""
    return {name: _sequences(each) for name, each in json.loads(PUBLISHED.read_text())["sets"].items()}


def _sequences(values: dict[str, list[float]]) -> Sequences:
    low, high = values["range"]
    return Sequences(thresholds=values["T"], resets=values["h"], amplitudes=values["d"], low=low, high=high)
