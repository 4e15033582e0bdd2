"""Relations drawn as a graph: a column for each type of entity, an arrow from subject to object.

Rows are put in order by what they are linked to, so that few arrows cross.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from picojoule.reports.columns import label
from picojoule.reports.draw import INK, PALETTE, canvas, legend_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import FancyBboxPatch

    _End = tuple[tuple[float, float], FancyBboxPatch]

_LONGEST, _SWEEPS, _DPI = 26, 4, 150
_ROW, _COLUMN = 0.42, 2.3  # inches


class Node(NamedTuple):
    """An entity: its name and its type."""

    name: str
    kind: str


class Edge(NamedTuple):
    """A relation: numbers of subject and object, and its label."""

    subject: int
    object: int
    label: str


def graph(nodes: Sequence[Node], edges: Sequence[Edge], labels: Sequence[str] = ()) -> bytes:
    """The drawing as a PNG on white.

    Args:
        nodes: at least one.
        edges: between them; several between two nodes are drawn side by side.
        labels: all that several drawings have, so that each has its colour in all of them.
    """
    places = _places(nodes, edges)
    columns, rows = (1 + max(round(place[axis]) for place in places) for axis in (0, 1))
    used = list(dict.fromkeys(edge.label for edge in edges))
    colours = dict(zip(dict.fromkeys((*labels, *used)), itertools.cycle(PALETTE), strict=False))
    shades = {name: colours[name] for name in used}
    with canvas(height=max(1.6, 0.9 + _ROW * rows), width=max(4.0, _COLUMN * columns)) as figure:
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_xlim(-0.6, columns - 0.4)
        axes.set_ylim(rows - 0.2, -1.2)
        boxes = [_box(axes, node, place) for node, place in zip(nodes, places, strict=True)]
        for column, kind in enumerate(dict.fromkeys(node.kind for node in nodes)):
            axes.text(column, -0.85, kind, ha="center", va="center", fontsize=8, alpha=0.6)
        for name, shade in shades.items():
            axes.plot([], [], color=shade, label=name)
        legend_above(axes)
        figure.set_dpi(_DPI)
        figure.draw_without_rendering()  # the boxes must be final before arrows end at them
        for edge in edges:
            ends = [(places[number], boxes[number]) for number in (edge.subject, edge.object)]
            _arrow(axes, *ends, shades[edge.label], _bend(edge, edges))
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_DPI, facecolor="white")
        return buffer.getvalue()


def _places(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[tuple[float, float]]:
    """Column and row of each node."""
    kinds = list(dict.fromkeys(node.kind for node in nodes))
    columns = [[number for number, node in enumerate(nodes) if node.kind == kind] for kind in kinds]
    near: dict[int, list[int]] = {number: [] for number in range(len(nodes))}
    for edge in edges:
        near[edge.subject].append(edge.object)
        near[edge.object].append(edge.subject)
    row = {number: float(at) for column in columns for at, number in enumerate(column)}
    for _ in range(_SWEEPS):
        for column in columns:
            column.sort(key=lambda number: fmean([row[other] for other in near[number]] or [row[number]]))
            row |= {number: float(at) for at, number in enumerate(column)}
    tallest = max(map(len, columns))
    return [
        (float(kinds.index(node.kind)), row[number] + (tallest - len(columns[kinds.index(node.kind)])) / 2)
        for number, node in enumerate(nodes)
    ]


def _bend(edge: Edge, edges: Sequence[Edge]) -> float:
    """How far an arrow is bent: apart from others between the same two, or around a column it stays in."""
    pair = {edge.subject, edge.object}
    same = [each for each in edges if {each.subject, each.object} == pair]
    return 0.18 + 0.16 * same.index(edge)


def _box(axes: Axes, node: Node, place: tuple[float, float]) -> FancyBboxPatch:
    look = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": INK, "linewidth": 0.6}
    text = axes.text(*place, _short(node.name), ha="center", va="center", fontsize=8, bbox=look, zorder=3)
    box = text.get_bbox_patch()
    assert box is not None
    return box


def _arrow(axes: Axes, start: _End, end: _End, shade: str, bend: float) -> None:
    (begin, from_box), (goal, to_box) = start, end
    inside = begin[0] == goal[0]
    look = {"arrowstyle": "-|>", "color": shade, "linewidth": 1.3, "patchA": from_box, "patchB": to_box}
    look["connectionstyle"] = f"arc3,rad={0.5 + bend if inside else bend / 2}"
    axes.annotate("", xy=goal, xytext=begin, arrowprops={**look, "shrinkA": 0, "shrinkB": 1}, zorder=2)


def _short(name: str) -> str:
    plain = label(name)
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"
