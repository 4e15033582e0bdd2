"""The figures of a report. A new figure is one function here and one line in `FIGURES`.

Each takes a `Result` and yields its figures; it yields nothing where the result has no data for it.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from picojoule.base import pareto
from picojoule.base.units import si
from picojoule.reports.columns import (
    BREAK_EVEN,
    NO_SHARES,
    SPIKES_PER_NEURON,
    families,
    family,
    joules,
    label,
    quality,
    quality_word,
)
from picojoule.reports.components import joules_by_component
from picojoule.reports.curves import accuracy_against_steps, first_spike_times, other_series, rasters, timelines
from picojoule.reports.draw import (
    INK,
    Figure,
    canvas,
    capital,
    colours,
    energy_axis,
    kind,
    label_points,
    left_out,
    legend_above,
    markers,
    panels,
    percent_axis,
    shown,
    svg,
    tail,
)
from picojoule.result import Result, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def figures(result: Result) -> tuple[Figure, ...]:
    """All figures for which the result has data, in the order of `FIGURES`."""
    return tuple(figure for draw in FIGURES for figure in draw(result))


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
        return Figure(capital(title), svg(figure, ident, title), note)


_SHORT = 12
"""Letters of a layer's name that leave room for four panels side by side; of a system's, twice as many."""


def spikes_per_layer(result: Result) -> Iterator[Figure]:
    """A panel a system, bars by layer, one scale for all."""
    found = [(row.system, bars) for row in result.rows if (bars := _layer_spikes(row))]
    if not found:
        return
    most = max(spikes for _, bars in found for spikes in bars.values())
    layers = max(len(bars) for _, bars in found)
    colour = colours([system for system, _ in found])
    with canvas(height=0) as figure:
        short = all(len(label(system)) <= 2 * _SHORT and max(map(len, bars)) <= _SHORT for system, bars in found)
        across = 4 if short else 2
        for axes, (system, bars) in zip(panels(figure, len(found), 0.34 + 0.19 * layers, across), found, strict=False):
            axes.barh(range(len(bars)), list(bars.values()), color=colour[system], height=0.66)
            axes.set_yticks(range(len(bars)), [tail(name) for name in bars])
            axes.invert_yaxis()
            _bare(axes, shown(system, 20 if short else 36))
            axes.set_xlim(0, 1.35 * most or 1)
            if list(bars) == list(found[0][1]) and not axes.get_subplotspec().is_first_col():
                axes.set_yticklabels([])
            for place, spikes in enumerate(bars.values()):
                axes.text(spikes + 0.03 * most, place, si(spikes), va="center", fontsize=7.5)
        note = "Spikes a sample; all panels have the same scale." + left_out(len(found))
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
_HOLLOW = {"facecolor": "none", "edgecolor": INK, "linewidth": 0.9}


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


def front(rows: Sequence[Row], technology: str) -> list[tuple[float, float, str]]:
    """Joules, accuracy, system of the rows that no other row of the family beats in both, by rising joules."""
    priced = [
        (cost, value, row.system)
        for row in sorted(rows, key=lambda row: row.system)
        if (cost := joules(row, technology)) and (value := quality(row)) is not None
    ]
    return pareto.front(priced, cost=lambda point: point[0], quality=lambda point: point[1])


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
