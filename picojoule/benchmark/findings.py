"""What a benchmark found, as values, and as a dictionary for JSON (schema 1).

::

    {"schema": 1, "kind": "bench", "title": …, "date": "2026-11-22",
     "environment": {…}, "data": {"name": …, "test": …, "sha256": …},
     "settings": {"steps": […], "repeats": …, "timed_samples": …, "batches": […]},
     "rows": [one a system and implementation], "reach": [fewest steps within half a point of the ANN],
     "ratios": [one system's time over another's], "memory": [ours at few and at many steps],
     "peaks": {…}, "kernels": [ours against the peaks],
     "missing": [rivals that are not here], "left_out": [what did not run, and why]}

Seconds are per sample, memory is in bytes, accuracy is a share. Unknown is null.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, final

SCHEMA = 1


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One system under one implementation, at its best.

    Attributes:
        system: ``rate T=64``.
        by: who ran it.
        ours: one of our engines.
        way, batch: the fastest of its ways and batch sizes.
        seconds: per sample, one a turn.
        ratio: its time over that of the fastest of our engines on the same system, median over the turns; None where
            none of ours runs it.
        accuracy: share of right decisions.
        process_bytes, tensor_bytes: peak memory of one batch; see :mod:`picojoule.benchmark.memory`.
    """

    system: str
    by: str
    ours: bool
    way: str
    batch: int
    seconds: tuple[float, ...]
    ratio: float | None = None
    accuracy: float | None = None
    process_bytes: int | None = None
    tensor_bytes: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, with median and spread."""
        plain = {key: getattr(self, key) for key in self.__slots__}
        spread = {"median": median(self.seconds), "least": min(self.seconds), "most": max(self.seconds)}
        return {**plain, "seconds": {**spread, "turns": list(self.seconds)}}


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How soon a system comes within half a point of the ANN.

    Attributes:
        system: what was tried.
        steps: the fewest that reach it; None if none of the ladder did.
        tried: accuracy by steps.
        seconds: per sample, median; None where it was not reached.
    """

    system: str
    steps: int | None
    tried: dict[int, float] = field(default_factory=dict)
    seconds: float | None = None


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """``of`` over ``over``: the median of the ratios of seconds turn by turn, or a ratio of bytes."""

    of: str
    over: str
    value: float | None
    what: str = "seconds"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryRow:
    """Peak memory of one of ours at so many steps."""

    system: str
    steps: int
    batch: int
    process_bytes: int | None
    tensor_bytes: int | None


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class KernelRow:
    """A kernel against the machine; see :mod:`picojoule.benchmark.kernels`."""

    kernel: str
    shape: str
    bytes: int
    operations: int
    seconds: float
    stream_bytes_per_second: float
    share_of_stream: float
    share_of_gemm: float


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A rival that is not here: why, and the command that installs it."""

    name: str
    reason: str
    install: str


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A system that an implementation does not run, and why."""

    system: str
    by: str
    reason: str


@final
@dataclass(frozen=True, kw_only=True)
class Findings:
    """Everything a benchmark found; the module says what is in each part."""

    title: str
    date: str
    environment: dict[str, Any]
    data: dict[str, Any]
    settings: dict[str, Any]
    rows: tuple[Row, ...]
    reach: tuple[Reach, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    memory: tuple[MemoryRow, ...] = ()
    peaks: dict[str, float] = field(default_factory=dict)
    kernels: tuple[KernelRow, ...] = ()
    missing: tuple[Missing, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, in the order of the schema."""
        plain = {key: getattr(self, key) for key in ("title", "date", "environment", "data", "settings", "peaks")}
        tables = ("reach", "ratios", "memory", "kernels", "missing", "left_out")
        return {
            "schema": SCHEMA,
            "kind": "bench",
            **plain,
            "rows": [row.to_dict() for row in self.rows],
            **{key: [asdict(each) for each in getattr(self, key)] for key in tables},
        }

    def to_json(self) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False)
