"""The columns of a result, once for all formats: terminal, HTML, Markdown and LaTeX show the same cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from picojoule.base.units import percent, si
from picojoule.result import Energy, Result, Row, is_gathered

UNKNOWN = "–"
SPIKES_PER_NEURON = "spikes_per_neuron"
BREAK_EVEN = "break_even_spikes_per_neuron"
_HEADING_WIDTH = 12
_PRECISION = re.compile(r"-(?:fp|bf|int|uint)\d+(?=-|$)")
QUALITIES = {"accuracy": "accuracy", "map50": "mAP50", "f1": "F1", "ssim": "SSIM"}
"""What systems are compared by, as people say it, by the name of the metric: the first that a row has."""
NO_SHARES = frozenset({"SSIM"})
"""Of these the ones that are no fractions, and not shown in per cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the table.

    Attributes:
        heading: short words; a space or hyphen is a place to break.
        unit: what stands under the heading in the wide formats ("" for none).
        values: one number a row, None where unknown; sorts the column.
        cells: the same as people read them.
        best: indices of the rows with the lowest joules; empty for other columns.
    """

    heading: str
    values: tuple[float | str | None, ...]
    cells: tuple[str, ...]
    unit: str = ""
    best: frozenset[int] = frozenset()


def columns(result: Result) -> tuple[Column, ...]:
    """The system names and every column that is known for at least one row."""
    names = tuple(map(label, (row.system for row in result.rows)))
    known = (column for column in _candidates(result) if any(value is not None for value in column.values))
    return (Column(heading="system", values=names, cells=names), *known)


_NEUROBENCH: dict[str, tuple[str, Callable[[float], str]]] = {
    "Footprint": ("footprint", lambda value: si(value, "B")),
    "ConnectionSparsity": ("connection sparsity", lambda value: f"{value:.4g}"),
    "ActivationSparsity": ("activation sparsity", lambda value: f"{value:.4g}"),
    "Effective_MACs": ("effective MACs", si),
    "Effective_ACs": ("effective ACs", si),
    "Dense": ("dense", si),
}


def neurobench(result: Result) -> tuple[Column, ...]:
    """The system names and NeuroBench's metrics; nothing where no row has any."""
    rows = [row for row in result.rows if row.neurobench]
    if not rows:
        return ()
    names = tuple(label(row.system) for row in rows)

    def get(row: Row, name: str) -> float | None:
        return row.neurobench.get(name, row.neurobench.get("SynapticOperations", {}).get(name))

    made = (
        _plain(rows, heading, lambda row, of=name: get(row, of), show) for name, (heading, show) in _NEUROBENCH.items()
    )
    return (Column(heading="system", values=names, cells=names), *made)


def heading_lines(column: Column) -> list[str]:
    """The heading broken at blanks and hyphens into lines of about twelve characters, then the unit."""
    lines = [""]
    for piece in column.heading.replace("-", "-\0").replace(" ", " \0").split("\0"):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > _HEADING_WIDTH:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in [*lines, column.unit] if line]


def label(system: str) -> str:
    """A system name on one line, without control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in system).split()) or "(no name)"


def profiles(result: Result) -> tuple[str, ...]:
    """Names of the profiles in order of first appearance."""
    return tuple(dict.fromkeys(energy.profile for row in result.rows for energy in row.energy))


def energy_of(row: Row, profile: str) -> Energy | None:
    """The entry of a row under a profile."""
    return next((energy for energy in row.energy if energy.profile == profile), None)


def quality(row: Row) -> float | None:
    """What the system is judged by: a fraction, higher is better."""
    return next((value for name in QUALITIES if (value := row.metrics.get(name)) is not None), None)


def quality_word(rows: Sequence[Row]) -> str:
    """How people call it."""
    return next((word for name, word in QUALITIES.items() if any(name in row.metrics for row in rows)), "accuracy")


def family(profile: str) -> str:
    """The technology of a profile: ``horowitz-45nm`` of ``horowitz-45nm-int8``."""
    return _PRECISION.sub("", profile)


def joules(row: Row, technology: str) -> float | None:
    """The joules of a row at the cheapest profile of a family that can price it."""
    return min((e.joules for e in row.energy if e.joules is not None and family(e.profile) == technology), default=None)


def families(rows: Iterable[Row]) -> list[str]:
    """The families with a price for at least one row, in order of appearance."""
    return list(dict.fromkeys(family(e.profile) for row in rows for e in row.energy if e.joules is not None))


def is_accuracy(metric: str) -> bool:
    """True for metrics that are fractions shown in per cent."""
    known = metric in ("accuracy", "agreement", "map") or metric.startswith(("accuracy_", "map50", "f1"))
    return known or metric.endswith("_accuracy")


def _candidates(result: Result) -> Iterator[Column]:
    """All columns in their order, also the unknown ones."""
    rows = result.rows
    if is_gathered(result):
        yield from _across(result)
        return
    yield from (_metric(rows, name) for name in _metric_names(rows))
    yield _plain(rows, "steps", lambda row: row.counts.get("steps"), lambda value: f"{value:,.4g}")
    yield _plain(rows, "spikes", lambda row: row.counts.get("spikes"), si)
    yield _plain(rows, "spikes/ neuron", lambda row: row.metrics.get(SPIKES_PER_NEURON), lambda value: f"{value:.3g}")
    yield _plain(rows, "synops", lambda row: row.counts.get("synops"), si)
    yield _plain(rows, "MACs", lambda row: row.counts.get("macs"), si)
    yield from (_joules(rows, name) for name in profiles(result))
    yield from (_relative(rows, name) for name in profiles(result))
    yield _plain(rows, "time", lambda row: row.seconds_per_sample, lambda value: si(value, "s"))
    yield _plain(rows, "simulated time", lambda row: row.simulated_seconds, lambda value: si(value, "s"))
    yield _plain(rows, "peak memory", lambda row: row.peak_bytes, lambda value: si(value, "B"))


def _across(result: Result) -> Iterator[Column]:
    """What systems of different data sets have in common; none is best, since they do not compete."""
    rows = result.rows
    for name in (each for each in QUALITIES if any(each in row.metrics for row in rows)):
        yield replace(_metric(rows, name), heading=QUALITIES[name])
    yield _plain(rows, "steps", lambda row: row.counts.get("steps"), lambda value: f"{value:,.4g}")
    yield _plain(rows, "spikes/ neuron", lambda row: row.metrics.get(SPIKES_PER_NEURON), lambda value: f"{value:.3g}")
    yield _plain(rows, "synops", lambda row: row.counts.get("synops"), si)
    yield _plain(rows, "MACs", lambda row: row.counts.get("macs"), si)
    for technology in families(rows):
        yield _plain(rows, technology, lambda row, of=technology: joules(row, of), lambda value: si(value, "J"))
    yield _plain(rows, "time", lambda row: row.seconds_per_sample, lambda value: si(value, "s"))
    yield _plain(rows, "simulated time", lambda row: row.simulated_seconds, lambda value: si(value, "s"))


def _metric_names(rows: Sequence[Row]) -> list[str]:
    """Accuracy first; spikes per neuron and break-even have their own places."""
    names = dict.fromkeys(name for row in rows for name in row.metrics)
    return sorted(
        names.keys() - {SPIKES_PER_NEURON, BREAK_EVEN}, key=lambda name: (name != "accuracy", [*names].index(name))
    )


def _plain(
    rows: Sequence[Row], heading: str, get: Callable[[Row], float | None], show: Callable[[float], str]
) -> Column:
    values = tuple(get(row) for row in rows)
    cells = tuple(UNKNOWN if value is None else show(value) for value in values)
    return Column(heading=heading, values=values, cells=cells)


def _metric(rows: Sequence[Row], name: str) -> Column:
    cells = tuple(_metric_cell(row, name) for row in rows)
    return Column(heading=name.replace("_", " "), values=tuple(row.metrics.get(name) for row in rows), cells=cells)


def _metric_cell(row: Row, name: str) -> str:
    """``98.1 ±0.8 %``: the wider side of the interval stands behind the ±."""
    value, interval = row.metrics.get(name), row.interval.get(name)
    if value is None:
        return UNKNOWN
    half = None if interval is None else max(interval[1] - value, value - interval[0], 0.0)
    if is_accuracy(name):
        return percent(value) if half is None else f"{100 * value:.1f} ±{100 * half:.1f} %"
    return f"{value:.4g}" if half is None else f"{value:.4g} ±{half:.2g}"


def _joules(rows: Sequence[Row], profile: str) -> Column:
    values = tuple(entry.joules if (entry := energy_of(row, profile)) else None for row in rows)
    least = min((value for value in values if value is not None), default=None)
    best = frozenset(i for i, value in enumerate(values) if value is not None and value == least)
    return Column(heading=profile, values=values, cells=tuple(si(value, "J") for value in values), best=best)


def _relative(rows: Sequence[Row], profile: str) -> Column:
    entries = [energy_of(row, profile) for row in rows]
    values = tuple(entry.relative if entry else None for entry in entries)
    references = dict.fromkeys(label(entry.reference) for entry in entries if entry and entry.reference)
    cells = tuple(UNKNOWN if value is None else f"{value:.3g} ×" for value in values)
    return Column(heading=profile, values=values, cells=cells, unit="× " + ", ".join(references))
