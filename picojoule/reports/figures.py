"""The figures of a report. A new figure is one function here and one line in `FIGURES`.

Each takes a `Result` and yields its figures; it yields nothing where the result has no data for it.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from picojoule.base.units import si
from picojoule.reports.columns import (
    BREAK_EVEN,
    NO_SHARES,
    QUALITIES,
    SPIKES_PER_NEURON,
    families,
    family,
    joules,
    label,
    quality,
    quality_word,
)
from picojoule.reports.components import joules_by_component
from picojoule.reports.draw import (
    INK,
    Figure,
    canvas,
    colours,
    dashes,
    energy_axis,
    kind,
    label_points,
    legend_above,
    markers,
    percent_axis,
    shown,
    si_axis,
    slug,
    svg,
)
from picojoule.reports.words import BASELINE
from picojoule.result import HIGHEST, LOWEST, Result, Row, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = "accuracy against steps"
RASTER = "raster"
FIRST = "first spike times"
TIMELINE = "timeline"
_PANELS = 12
_MANY = 24  # lines beyond which names would say nothing
_WIDE = 50  # a line whose x spans so much is drawn over a log axis
_VECTOR_POINTS = 4000  # beyond this a raster is drawn as pixels, to keep the file small


def figures(result: Result) -> tuple[Figure, ...]:
    """All figures for which the result has data, in the order of `FIGURES`."""
    return tuple(figure for draw in FIGURES for figure in draw(result))


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
        return Figure(_capital(name), svg(figure, ident, name), "Higher and further left is better.")


def joules_against_accuracy(result: Result) -> Iterator[Figure]:
    """A figure a technology family: every priced row, and a line through the systems that nothing beats."""
    for number, technology in enumerate(families(result.rows)):
        points = [
            (row, energy.profile, energy.joules, quality(row))
            for row in result.rows
            for energy in row.energy
            if energy.joules and family(energy.profile) == technology and quality(row) is not None
        ]
        if points:
            yield _scatter(points, technology, front(result.rows, technology), f"fig-joules-{number}")


def _scatter(
    points: Sequence[tuple[Row, str, float, float]], technology: str, front: list[tuple[float, float, str]], ident: str
) -> Figure:
    colour, word = colours([row.system for row, *_ in points]), quality_word([row for row, *_ in points])
    shape = markers(list(dict.fromkeys(profile for _, profile, _, _ in points)))
    with canvas(height=3.5) as figure:
        axes = figure.add_subplot()
        axes.set_xscale("log")
        for row, profile, cost, accuracy in points:
            axes.plot(cost, accuracy, shape[profile], color=colour[row.system], markersize=5.5, alpha=0.9)
        line = {"color": INK, "alpha": 0.4, "linewidth": 0.9, "zorder": 1}
        axes.plot([x for x, _, _ in front], [y for _, y, _ in front], **line)
        energy_axis(axes, [cost for _, _, cost, _ in points])
        if word not in NO_SHARES:
            percent_axis(axes.yaxis)
        axes.margins(x=0.12, y=0.1)
        axes.set_xlabel("joules a sample")
        _energy_legend(axes, colour, shape)
        figure.draw_without_rendering()  # the layout must be final before names are placed
        names = [(x, y, shown(system, 20)) for x, y, system in front]
        label_points(axes, names, [(cost, accuracy) for _, _, cost, accuracy in points])
        note = "Higher and further left is better. The line joins the systems that none other beats."
        title = f"{word} against joules, {technology}"
        return Figure(_capital(title), svg(figure, ident, title), note)


def spikes_per_layer(result: Result) -> Iterator[Figure]:
    """A panel a system, bars by layer, one scale for all."""
    found = [(row.system, bars) for row in result.rows if (bars := _layer_spikes(row))]
    if not found:
        return
    most = max(spikes for _, bars in found for spikes in bars.values())
    layers = max(len(bars) for _, bars in found)
    colour = colours([system for system, _ in found])
    with canvas(height=0) as figure:
        across = 4 if all(len(label(system)) <= 24 for system, _ in found) else 2
        for axes, (system, bars) in zip(_panels(figure, len(found), 0.34 + 0.19 * layers, across), found, strict=False):
            axes.barh(list(bars), list(bars.values()), color=colour[system], height=0.66)
            axes.invert_yaxis()
            _bare(axes, shown(system))
            axes.set_xlim(0, 1.35 * most or 1)
            if list(bars) == list(found[0][1]) and not axes.get_subplotspec().is_first_col():
                axes.set_yticklabels([])
            for place, spikes in enumerate(bars.values()):
                axes.text(spikes + 0.03 * most, place, si(spikes), va="center", fontsize=7.5)
        note = "Spikes a sample; all panels have the same scale." + _left_out(len(found))
        yield Figure("Spikes per layer", svg(figure, "fig-layers", "spikes per layer"), note)


def break_even(result: Result) -> Iterator[Figure]:
    """What each spiking system fires beside what it may fire to cost as much as the int8 ANN."""
    rows = [row for row in result.rows if row.metrics.get(SPIKES_PER_NEURON) is not None and BREAK_EVEN in row.metrics]
    if not rows:
        return
    with canvas(height=0.9 + 0.38 * len(rows)) as figure:
        axes = figure.add_subplot()
        fires = [row.metrics[SPIKES_PER_NEURON] for row in rows]
        limits = [row.metrics[BREAK_EVEN] for row in rows]
        most = max([*fires, *(limit for limit in limits if limit is not None)]) or 1.0
        for place, (row, spikes, limit) in enumerate(zip(rows, fires, limits, strict=True)):
            colour = colours([row.system])[row.system]
            _bar(axes, place - 0.18, spikes, most, f"{spikes:.3g}", {"color": colour})
            _bar(axes, place + 0.18, limit, most, "none" if limit is None else f"{limit:.3g}", _HOLLOW)
        axes.set_yticks(range(len(rows)), [shown(row.system) for row in rows])
        axes.invert_yaxis()
        _bare(axes, "")
        axes.set_xlim(0, 1.15 * most)
        note = (
            "Filled: spikes a neuron and sample. Outline: the number at which it would cost what the int8 ANN costs; "
            "“none” means that state updates and memory alone cost more."
        )
        yield Figure("Break-even with the int8 ANN", svg(figure, "fig-break-even", "break-even"), note)


def rasters(result: Result) -> Iterator[Figure]:
    """Spikes as marks over time, a panel a series."""
    found = [series for series in result.series if series.name.startswith(RASTER) and _points(series)]
    if not found:
        return
    colour = colours([series.system for series in found])
    with canvas(height=0) as figure:
        for axes, series in zip(_panels(figure, len(found), 1.75, 2), found, strict=False):
            x, y = zip(*_points(series), strict=True)
            look = {"color": colour[series.system], "markersize": 2.6, "markeredgewidth": 0.8}
            axes.plot(x, y, "|", rasterized=len(x) > _VECTOR_POINTS, **look)
            axes.set_title(_panel_title(series, RASTER))
            axes.set_xlabel(series.x_unit)
            axes.set_ylabel(series.y_unit)
            axes.grid(visible=False)
        note = "Each mark is a spike." + _left_out(len(found))
        yield Figure("Spike raster", svg(figure, "fig-raster", "spike raster"), note)


def first_spike_times(result: Result) -> Iterator[Figure]:
    """How many neurons fire first at each time, a panel a series."""
    found = [series for series in result.series if series.name.startswith(FIRST) and _points(series)]
    if not found:
        return
    colour = colours([series.system for series in found])
    with canvas(height=0) as figure:
        for axes, series in zip(_panels(figure, len(found), 1.5, 2), found, strict=False):
            x, y = zip(*_points(series), strict=True)
            axes.hist(x, bins=_bins(x), weights=y, color=colour[series.system], histtype="stepfilled")
            axes.set_title(_panel_title(series, FIRST))
            axes.set_xlabel(series.x_unit)
            axes.set_ylabel(series.y_unit)
            si_axis(axes.yaxis)
        note = "Neurons by the time of their first spike." + _left_out(len(found))
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
            yield Figure(_capital(label(name)), svg(figure, f"fig-{slug(name)}", name))


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


FIGURES: tuple[Callable[[Result], Iterable[Figure]], ...] = (
    joules_against_accuracy,
    joules_by_component,
    accuracy_against_steps,
    break_even,
    spikes_per_layer,
    first_spike_times,
    rasters,
    timelines,
    other_series,
)

_DOTS = {"linestyle": "none", "markersize": 3.5, "alpha": 0.6}
_HOLLOW = {"facecolor": "none", "edgecolor": INK, "linewidth": 0.9}


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
        return Figure(_capital(label(name)), svg(figure, ident, name))


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
        return Figure(_capital(label(name)), svg(figure, ident, name), note)


def _capital(title: str) -> str:
    """With a capital at its front, unless it begins like mAP50."""
    return title if title[1:2].isupper() else title[:1].upper() + title[1:]


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


def _left_out(count: int) -> str:
    return f" The first {_PANELS} of {count} are drawn." if count > _PANELS else ""


def _panels(figure: Any, count: int, height: float, most: int) -> list[Axes]:
    """At most `_PANELS` axes in rows of `most`, each `height` inches high and all of one width."""
    count = min(count, _PANELS)
    across = min(count, most)
    down = -(-count // across)
    figure.set_size_inches(figure.get_figwidth(), max(1.6, down * (height + 0.42)))
    grid = figure.subplots(down, across, squeeze=False)
    for spare in grid.flat[count:]:
        spare.remove()
    return list(grid.flat[:count])


def _bare(axes: Axes, title: str) -> None:
    """An axes for labelled bars: no ticks below, no frame."""
    axes.set_title(title)
    axes.grid(visible=False)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)


def _bar(axes: Axes, place: float, length: float | None, most: float, text: str, look: dict[str, Any]) -> None:
    if length:
        axes.barh(place, length, height=0.32, **look)
    axes.text((length or 0.0) + 0.015 * most, place, text, va="center", fontsize=8)


def _log_steps(axes: Axes, steps: Sequence[float]) -> None:
    """A log axis whose ticks are powers of two (or of ten where there would be many)."""
    if min(steps) <= 0:
        return
    base = 2 if max(steps) / min(steps) <= 4096 else 10
    axes.set_xscale("log", base=base)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")


def front(rows: Sequence[Row], technology: str) -> list[tuple[float, float, str]]:
    """Joules, accuracy, system of the rows that no other row of the family beats in both, by rising joules."""
    priced = [
        (cost, -quality(row), row.system)
        for row in rows
        if (cost := joules(row, technology)) and quality(row) is not None
    ]
    best = list(itertools.accumulate(sorted(priced), lambda least, point: point if point[1] < least[1] else least))
    return [(cost, -negative, system) for cost, negative, system in dict.fromkeys(best)]


def _width(profile: str) -> str:
    """The datapath of a profile where its name has one: the technology is in the title."""
    found = re.search(r"(?:fp|bf|int)\d+", profile)
    return found.group() if found else shown(profile)


def _energy_legend(axes: Axes, colour: dict[str, str], shape: dict[str, str]) -> None:
    """Colours are kinds, in the first row where they fit; shapes are profiles, in the second."""
    kinds = {kind(system): shade for system, shade in colour.items()}
    looks = [(shown(name), {"marker": "o", "color": shade}) for name, shade in kinds.items()]
    shapes = [(_width(name), {"marker": mark, "color": INK, "markerfacecolor": "none"}) for name, mark in shape.items()]
    across = max(len(looks), len(shapes))
    if across <= 5:
        blank = [("", {"alpha": 0.0})]
        pairs = itertools.zip_longest(looks, shapes, fillvalue=blank[0])
        looks, shapes = list(itertools.chain.from_iterable(pairs)), []
    for name, look in looks + shapes:
        axes.plot([], [], linestyle="none", label=name or " ", **look)
    legend_above(axes, columns=min(across, 5), handletextpad=0.1)


def _layer_spikes(row: Row) -> dict[str, float]:
    """Layer → spikes, for layers whose spikes are known; a repeated name gets its number."""
    known = [layer for layer in row.layers if layer.get("spikes") is not None]
    names = Counter(layer["name"] for layer in known)
    unique = (
        label(layer["name"]) if names[layer["name"]] == 1 else f"{i} {label(layer['name'])}"
        for i, layer in enumerate(known)
    )
    return dict(zip(unique, (layer["spikes"] for layer in known), strict=True))


def _bins(times: Sequence[float]) -> list[float]:
    """One bin a step, at most eighty of equal width."""
    low, high = min(times) - 0.5, max(times) + 0.5
    number = min(80, max(1, round(high - low)))
    return [low + (high - low) * i / number for i in range(number + 1)]
