"""The figures of a page over results of different data: every system in one plot, then those of each result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from picojoule.reports.columns import families, joules, quality, quality_word
from picojoule.reports.draw import (
    INK,
    PALETTE,
    Figure,
    canvas,
    energy_axis,
    label_points,
    legend_above,
    markers,
    percent_axis,
    shown,
    slug,
    svg,
)
from picojoule.reports.figures import figures, front
from picojoule.result import Result, is_gathered, parts

_WIDTH = 11.4  # inches; a whole page
_NOTE = (
    "Each system at its cheapest profile. A line joins the systems of one result that no other of that result beats; "
    "results have data of their own, and do not compete."
)
_REFERENCE = re.compile(r"(\bid=\"|href=\"#|url\(#)")


class Group(NamedTuple):
    """Figures under a heading; "" where they need none."""

    heading: str
    figures: tuple[Figure, ...]


def groups(result: Result) -> list[Group]:
    """The figures of a result; of a gathered one, those over all systems, then each result's own."""
    if not is_gathered(result):
        return [Group("", figures(result))]
    own = [Group(name, tuple(_named(figure, name) for figure in figures(part))) for name, part in parts(result).items()]
    return [Group("", tuple(every_system(result))), *(group for group in own if group.figures)]


def every_system(result: Result) -> Iterator[Figure]:
    """A figure a technology: each system at its cheapest profile; each result has a colour, and a line of the best."""
    found = parts(result)
    shape = markers(list(found))
    looks = {name: (shape[name], PALETTE[number % len(PALETTE)]) for number, name in enumerate(found)}
    for number, technology in enumerate(families(result.rows)):
        clouds = [_Cloud(name, *looks[name], _points(part, technology), front(part.rows, technology))
                  for name, part in found.items()]  # fmt: skip
        clouds = [cloud for cloud in clouds if cloud.points]
        if clouds:
            title = f"Every system: {quality_word(result.rows)} against joules, {technology}"
            yield _drawn(clouds, title, f"fig-every-{number}")


class _Cloud(NamedTuple):
    """The systems of one result: joules and accuracy of all, and of the unbeaten with their names."""

    name: str
    marker: str
    colour: str
    points: list[tuple[float, float]]
    front: list[tuple[float, float, str]]


def _points(part: Result, technology: str) -> list[tuple[float, float]]:
    costs = ((joules(row, technology), quality(row)) for row in part.rows)
    return [(cost, good) for cost, good in costs if cost and good is not None]


def _drawn(clouds: list[_Cloud], title: str, ident: str) -> Figure:
    every = [point for cloud in clouds for point in cloud.points]
    with canvas(height=5.2, width=_WIDTH) as figure:
        axes = figure.add_subplot()
        axes.set_xscale("log")
        for cloud in clouds:
            look = {"marker": cloud.marker, "color": cloud.colour, "markersize": 6, "alpha": 0.9}
            axes.plot(*zip(*cloud.points, strict=True), linestyle="none", label=shown(cloud.name), **look)
            line = [(cost, good) for cost, good, _ in cloud.front]
            axes.plot(*zip(*line, strict=True), color=cloud.colour, alpha=0.5, linewidth=1.0, zorder=1)
        energy_axis(axes, [cost for cost, _ in every])
        percent_axis(axes.yaxis)
        axes.margins(x=0.06, y=0.08)
        axes.set_xlabel("joules a sample", color=INK)
        legend_above(axes, columns=6)
        figure.draw_without_rendering()  # the layout must be final before names are placed
        named = {shown(cloud.front[-1][2], 24): cloud.front[-1][:2] for cloud in clouds}  # one of each name
        label_points(axes, [(*place, name) for name, place in named.items()], every)
        return Figure(title, svg(figure, ident, title), _NOTE)


def _named(figure: Figure, name: str) -> Figure:
    """A figure whose ids are its own among those of all results."""
    return figure._replace(
        svg=re.sub(r"<[^<>]+>", lambda tag: _REFERENCE.sub(rf"\g<1>{slug(name)}-", tag[0]), figure.svg)
    )
