"""One figure: what draws the energy of each system, for results whose layers are components with joules."""

from __future__ import annotations

from collections.abc import Iterator

from picojoule.reports.columns import label
from picojoule.reports.draw import INK, PALETTE, Figure, canvas, legend_above, si_axis, svg
from picojoule.result import Result, Row

_MOST = 24


def joules_by_component(result: Result) -> Iterator[Figure]:
    """A bar a system, on a log axis from the least component, one mark a component; the first rows where many."""
    found = [row for row in result.rows if joules_of(row)][:_MOST]
    if not found:
        return
    names = list(dict.fromkeys(name for row in found for name in joules_of(row)))
    shade = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(names)}
    with canvas(height=0.9 + 0.2 * len(found)) as figure:
        axes = figure.add_subplot()
        axes.set_xscale("log")
        places = range(len(found))
        for name in names:
            drawn = [(joules_of(row).get(name), place) for row, place in zip(found, places, strict=True)]
            x, y = zip(*((joules, place) for joules, place in drawn if joules), strict=True)
            axes.plot(x, y, "o", color=shade[name], markersize=5, label=label(name), alpha=0.9)
        totals = [sum(joules_of(row).values()) for row in found]
        axes.plot(totals, places, "|", color=INK, markersize=9, label="all")
        axes.set_yticks(list(places), [label(row.system)[:28] for row in found])
        axes.invert_yaxis()
        axes.set_xlabel("joules a sample")
        si_axis(axes.xaxis, "J")
        legend_above(axes, handletextpad=0.1)
        note = "Further left is better; the upright stroke is the sum."
        yield Figure("Joules by component", svg(figure, "fig-components", "joules by component"), note)


def joules_of(row: Row) -> dict[str, float]:
    """Component → joules a sample, of the rows that have them."""
    return {layer["name"]: layer["joules"] for layer in row.layers if layer.get("joules")}
