"""Figures of curves: every series of a result, over steps, time or whatever its x is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING

from picojoule.reports.columns import QUALITIES, label, quality
from picojoule.reports.draw import (
    INK,
    Figure,
    canvas,
    capital,
    colours,
    dashes,
    left_out,
    legend_above,
    panels,
    percent_axis,
    shown,
    si_axis,
    slug,
    svg,
)
from picojoule.reports.words import BASELINE
from picojoule.result import HIGHEST, LOWEST, Result, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = "accuracy against steps"
RASTER = "raster"
FIRST = "first spike times"
TIMELINE = "timeline"
_MANY = 24  # lines beyond which names would say nothing
_WIDE = 50  # a line whose x spans so much is drawn over a log axis
_VECTOR_POINTS = 4000  # beyond this a raster is drawn as pixels, to keep the file small


def accuracy_against_steps(result: Result) -> Iterator[Figure]:
    """A figure a name of series: one line a system; the ANN as a level line."""
    groups: dict[str, list[Series]] = {}
    for series in result.series:
        if _over_steps(series) and _points(series):
            groups.setdefault(series.name, []).append(series)
    baseline = next((quality(row) for row in result.rows if row.system == BASELINE), None)
    for name, found in groups.items():
        yield _against_steps(name, found, baseline)


def _over_steps(series: Series) -> bool:
    """What systems are judged by, against steps; the same of several readings has more words behind."""
    return any(series.name.startswith(f"{word} against steps") for word in QUALITIES.values())


def _against_steps(name: str, found: Sequence[Series], baseline: float | None) -> Figure:
    systems = [series.system for series in found]
    colour, dash = colours(systems), dashes(systems)
    with canvas() as figure:
        axes = figure.add_subplot()
        for series in found:
            x, y = zip(*_points(series), strict=True)
            look = {"color": colour[series.system], "linestyle": dash[series.system]}
            axes.plot(x, y, marker="o" if len(x) < 20 else None, label=shown(series.system), **look)
        if baseline is not None:
            axes.axhline(baseline, color=INK, linewidth=1, linestyle=(0, (1, 2)), label=BASELINE)
        _log_steps(axes, [x for series in found for x, _ in _points(series)])
        percent_axis(axes.yaxis)
        axes.set_xlabel(found[0].x_unit or "steps")
        legend_above(axes)
        ident = "fig-steps" if name == STEPS else f"fig-steps-{slug(name)}"
        return Figure(capital(name), svg(figure, ident, name), "Higher and further left is better.")


def rasters(result: Result) -> Iterator[Figure]:
    """Spikes as marks over time, a panel a series."""
    found = [series for series in result.series if series.name.startswith(RASTER) and _points(series)]
    if not found:
        return
    colour = colours([series.system for series in found])
    with canvas(height=0) as figure:
        for axes, series in zip(panels(figure, len(found), 1.75, 2), found, strict=False):
            x, y = zip(*_points(series), strict=True)
            look = {"color": colour[series.system], "markersize": 2.6, "markeredgewidth": 0.8}
            axes.plot(x, y, "|", rasterized=len(x) > _VECTOR_POINTS, **look)
            axes.set_title(_panel_title(series, RASTER))
            axes.set_xlabel(series.x_unit)
            axes.set_ylabel(series.y_unit)
            axes.grid(visible=False)
        note = "Each mark is a spike." + left_out(len(found))
        yield Figure("Spike raster", svg(figure, "fig-raster", "spike raster"), note)


def first_spike_times(result: Result) -> Iterator[Figure]:
    """How many neurons fire first at each time, a panel a series."""
    found = [series for series in result.series if series.name.startswith(FIRST) and _points(series)]
    if not found:
        return
    colour = colours([series.system for series in found])
    with canvas(height=0) as figure:
        for axes, series in zip(panels(figure, len(found), 1.5, 2), found, strict=False):
            x, y = zip(*_points(series), strict=True)
            axes.hist(x, bins=_bins(x), weights=y, color=colour[series.system], histtype="stepfilled")
            axes.set_title(_panel_title(series, FIRST))
            axes.set_xlabel(series.x_unit)
            axes.set_ylabel(series.y_unit)
            si_axis(axes.yaxis)
        note = "Neurons by the time of their first spike." + left_out(len(found))
        yield Figure("First spike times", svg(figure, "fig-first", "first spike times"), note)


def timelines(result: Result) -> Iterator[Figure]:
    """A row a system, bars from the beginnings to the ends of its pieces; a figure a name of series."""
    groups: dict[str, list[Series]] = {}
    for series in result.series:
        if series.name.startswith(TIMELINE) and _points(series):
            groups.setdefault(series.name, []).append(series)
    for name, found in groups.items():
        colour = colours([series.system for series in found])
        with canvas(height=0.8 + 0.36 * len(found)) as figure:
            axes = figure.add_subplot()
            for place, series in enumerate(found):
                times = [x for x, _ in _points(series)]
                bars = [(begin, end - begin) for begin, end in zip(times[::2], times[1::2], strict=False)]
                look = {"facecolor": colour[series.system], "edgecolor": INK, "linewidth": 0.5}
                axes.broken_barh(bars, (place - 0.35, 0.7), **look)
            axes.set_yticks(range(len(found)), [shown(series.system) for series in found])
            axes.invert_yaxis()
            axes.grid(visible=False, axis="y")
            axes.set_xlabel(label(found[0].x_unit))
            yield Figure(capital(label(name)), svg(figure, f"fig-{slug(name)}", name))


def other_series(result: Result) -> Iterator[Figure]:
    """Every series with no figure of its own: a line plot for each name, with bands where their edges are there."""
    groups: dict[str, list[Series]] = {}
    edges = {(each.name, each.system): each for each in result.series if each.name.endswith((LOWEST, HIGHEST))}
    for series in result.series:
        drawn = _over_steps(series) or series.name.startswith((RASTER, FIRST, TIMELINE))
        own = drawn or (series.name, series.system) in edges
        if not own and _points(series):
            groups.setdefault(series.name, []).append(series)
    for number, (name, group) in enumerate(groups.items()):
        ident = f"fig-{number}-{slug(name)}"
        yield _bundle(name, group, ident) if len(group) > _MANY else _lines(name, group, edges, ident)


_DOTS = {"linestyle": "none", "markersize": 3.5, "alpha": 0.6}


def _lines(name: str, group: Sequence[Series], edges: dict[tuple[str, str], Series], ident: str) -> Figure:
    systems = [series.system for series in group]
    colour, dash, columns = colours(systems), dashes(systems), _legend_columns(systems)
    with canvas(height=3.1 + _LEGEND_ROW * ceil(len(systems) / columns)) as figure:
        axes = figure.add_subplot()
        for series in group:
            x, y = zip(*_points(series), strict=True)
            look = {"color": colour[series.system], "linestyle": dash[series.system]}
            if not _runs_one_way(x):
                look |= _DOTS | {"marker": _MARKERS[systems.index(series.system) % len(_MARKERS)]}
            elif len(x) < 20:
                look["marker"] = "o"
            axes.plot(x, y, label=shown(series.system), **look)
            low, high = (edges.get((name + end, series.system)) for end in (LOWEST, HIGHEST))
            if low is not None and high is not None:
                axes.fill_between(low.x, low.y, high.y, color=colour[series.system], alpha=0.15, linewidth=0)
        reach = [x for series in group for x, _ in _points(series)]
        if min(reach) > 0 and max(reach) / min(reach) >= _WIDE:
            _log_steps(axes, reach)
        axes.set_xlabel(label(group[0].x_unit))
        axes.set_ylabel(label(group[0].y_unit))
        legend_above(axes, columns)
        return Figure(capital(label(name)), svg(figure, ident, name))


def _bundle(name: str, group: Sequence[Series], ident: str) -> Figure:
    """Many lines of one kind, thin and without a legend; their shades run from the first to the last."""
    from matplotlib import colormaps

    shades = colormaps["viridis"]
    with canvas() as figure:
        axes = figure.add_subplot()
        for place, series in enumerate(group):
            x, y = zip(*_points(series), strict=True)
            axes.plot(x, y, color=shades(0.9 * place / len(group)), linewidth=0.5)
        axes.set_xlabel(label(group[0].x_unit))
        axes.set_ylabel(label(group[0].y_unit))
        note = f"{len(group)} lines, from {shown(group[0].system)} (dark) to {shown(group[-1].system)} (light)."
        return Figure(capital(label(name)), svg(figure, ident, name), note)


def _legend_columns(systems: Sequence[str]) -> int:
    """As many as the width has room for."""
    return max(1, min(4, _LEGEND_LETTERS // (max(len(shown(each)) for each in systems) + 6)))


_MARKERS = "os^Dv<>pXP"
_LEGEND_LETTERS, _LEGEND_ROW = 72, 0.17
"""Letters in a row of a legend, and inches a row."""


def _runs_one_way(x: Sequence[float]) -> bool:
    """Points that go back and forth along x are no line, but a cloud."""
    return sorted(x) in (list(x), list(reversed(x)))


def _points(series: Series) -> list[tuple[float, float]]:
    """The pairs of which both numbers are known."""
    pairs = zip(series.x, series.y, strict=True)
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def _panel_title(series: Series, prefix: str) -> str:
    return shown(f"{series.system} {series.name.removeprefix(prefix).strip()}")


def _log_steps(axes: Axes, steps: Sequence[float]) -> None:
    """A log axis whose ticks are powers of two (or of ten where there would be many)."""
    if min(steps) <= 0:
        return
    base = 2 if max(steps) / min(steps) <= 4096 else 10
    axes.set_xscale("log", base=base)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")


def _bins(times: Sequence[float]) -> list[float]:
    """One bin a step, at most eighty of equal width."""
    low, high = min(times) - 0.5, max(times) + 0.5
    number = min(80, max(1, round(high - low)))
    return [low + (high - low) * i / number for i in range(number + 1)]
