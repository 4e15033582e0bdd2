"""What a recipe, a measurement or a comparison hands back.

Counts, joules and seconds are per sample. Unknown is None, never 0: a NaN or an infinity becomes None here, and
numbers of numpy and torch become Python's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from picojoule.base.errors import InputError
from picojoule.base.files import write_whole
from picojoule.result.plain import plain

SCHEMA = 1
EVIDENCE = ("computed", "simulated", "measured", "claimed")
STATUSES = ("reached", "not-reached", "not-tried")


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """The energy of one sample under one profile: joules, or a ratio to the energy of a named reference system.

    Attributes:
        profile: name of the price list, such as ``horowitz-45nm-fp32``.
        joules: joules per sample; None when the profile cannot price the system.
        evidence: one of `EVIDENCE`.
        relative: energy divided by that of `reference`, for normalised profiles; then there are no joules.
        reference: the system that has ``relative == 1``.
        reason: why the number is unknown.

    Raises:
        InputError: unknown evidence, both forms at once, or a ratio without its reference.
    """

    profile: str
    joules: float | None = None
    evidence: str = "computed"
    relative: float | None = None
    reference: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        _normalise(self, plain_fields="joules relative")
        _one_of(self.evidence, EVIDENCE, "evidence")
        if self.is_relative and self.joules is not None:
            raise _wrong("an energy has joules or a ratio, not both", f"energy {self.profile}", "write two entries")
        if self.relative is not None and self.reference is None:
            raise _wrong("a ratio needs its reference", f"energy {self.profile}", "name the reference system")

    @property
    def is_relative(self) -> bool:
        """True when the entry is a ratio to a reference system and not joules."""
        return self.relative is not None or self.reference is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One system of the comparison.

    Attributes:
        system: its name, such as ``ttfs T=80``; the same name everywhere.
        metrics: name → value; ``accuracy`` is a fraction.
        interval: name of a metric → (low, high).
        counts: name → count per sample (steps, spikes, synops, macs, state_updates, …).
        energy: one entry a profile.
        seconds_per_sample: wall-clock seconds of a real kernel of that kind, on the machine in the environment.
        simulated_seconds: seconds per sample that a simulator gives.
        peak_bytes: peak memory of the run in bytes.
        layers: one mapping a layer: ``name``, ``spikes``, ``synops``, perhaps ``neurons``, ``macs``.
        neurobench: NeuroBench's metrics by its own names, of one sample; empty where nobody looked.
    """

    system: str
    metrics: dict[str, float | None]
    interval: dict[str, tuple[float, float]] = field(default_factory=dict)
    counts: dict[str, float | None] = field(default_factory=dict)
    energy: tuple[Energy, ...] = ()
    seconds_per_sample: float | None = None
    simulated_seconds: float | None = None
    peak_bytes: int | None = None
    layers: tuple[dict[str, Any], ...] = ()
    neurobench: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = "metrics interval counts seconds_per_sample simulated_seconds peak_bytes layers neurobench"
        _normalise(self, plain_fields=numbers, tuples="energy layers")
        known = {name: tuple(ends) for name, ends in self.interval.items() if None not in ends}
        object.__setattr__(self, "interval", known)


LOWEST, HIGHEST = ", lowest", ", highest"
"""How the names of series end that are the edges of a band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One curve, raster or histogram of one system: `x` and `y` of equal length, with their units.

    Four names have a meaning to the report: ``accuracy against steps``; ``raster …`` (x = time steps, y = neuron
    index, one pair a spike); ``first spike times …`` (x = time steps, y = number of neurons); ``timeline …`` (x = the
    beginnings and ends of pieces in turn, y = the number of the piece). All others are lines; one whose name ends in
    :data:`LOWEST` or :data:`HIGHEST` is an edge of the band around the line without it.

    Raises:
        InputError: `x` and `y` differ in length.
    """

    name: str
    system: str
    x: tuple[float | None, ...]
    y: tuple[float | None, ...]
    x_unit: str
    y_unit: str

    def __post_init__(self) -> None:
        _normalise(self, plain_fields="x y", tuples="x y")
        if len(self.x) != len(self.y):
            what = f"x has {len(self.x)} values and y has {len(self.y)}"
            raise _wrong(what, f"series {self.name}", "give one y for each x")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim of a paper: the paper's number and where it is from, ours, and whether it was reached.

    Raises:
        InputError: `status` is not one of `STATUSES`.
    """

    id: str
    text: str
    paper: float | None
    paper_source: str
    measured: float | None
    unit: str
    status: str
    reason: str | None = None

    def __post_init__(self) -> None:
        _normalise(self, plain_fields="paper measured")
        _one_of(self.status, STATUSES, "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Rows of systems, series to draw, claims and where all this was made.

    Attributes:
        recipe: name of the recipe, or of the verb (``compare``, ``measure``).
        title: one line for people.
        mode: ``smoke``, ``quick`` or ``full``.
        seed: the seed; None where results of several seeds are merged.
        data: name, sizes and hash of the data set.
        environment: versions, processor, threads.
        pictures: title → PNG. They are no part of the JSON: `save` writes them into ``figures/`` beside it, from where
            `load` takes them.

    Raises:
        InputError: a value has no JSON form.
    """

    recipe: str
    title: str
    mode: str
    seed: int | None
    data: dict[str, Any]
    rows: tuple[Row, ...]
    series: tuple[Series, ...] = ()
    claims: tuple[Claim, ...] = ()
    environment: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        _normalise(self, plain_fields="seed data environment", tuples="rows series claims")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, schema 1."""
        from picojoule.result.encode import encode

        return encode(self)

    def to_json(self) -> str:
        """`to_dict` as JSON text, two spaces an indent, ending in a newline."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def save(self, path: Path | str) -> Path:
        """Write the JSON to `path`, whole or not at all, and the pictures beside it.

        Raises:
            InputError: the folder cannot be written.
        """
        from picojoule.result.pictures import save

        save(self.pictures, self.recipe, Path(path).parent)
        return write_whole(path, self.to_json())

    @classmethod
    def from_dict(cls, d: Mapping[str, Any], where: str = "result") -> Result:
        """The result of a `to_dict`.

        Args:
            d: JSON values.
            where: what the error names first, usually the file.

        Raises:
            InputError: wrong schema, a missing or unknown key, a wrong type, NaN; names the JSON path.
        """
        from picojoule.result.decode import decode

        return decode(d, where)

    @classmethod
    def load(cls, path: Path | str) -> Result:
        """The result in a file written by `save`.

        Raises:
            InputError: no such file, no JSON, or not a result of schema 1.
        """
        from picojoule.result.decode import load

        return load(path)

    def __str__(self) -> str:
        from picojoule.reports.table import text

        return text(self)

    def _repr_html_(self) -> str:
        from picojoule.reports.html import fragment

        return fragment(self)


def _normalise(value: object, *, plain_fields: str = "", tuples: str = "") -> None:
    """So that equal results compare equal: plain numbers, None for NaN and infinity, tuples for lists."""
    for name in plain_fields.split():
        object.__setattr__(value, name, plain(getattr(value, name), name))
    for name in tuples.split():
        object.__setattr__(value, name, tuple(getattr(value, name)))


def _one_of(word: str, words: Sequence[str], name: str) -> None:
    if word not in words:
        raise _wrong(f"{word!r} is no {name}", name, "use one of " + ", ".join(words))


def _wrong(what: str, where: str, remedy: str) -> InputError:
    return InputError(what, where=where, remedy=remedy)
