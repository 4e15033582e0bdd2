"""How a figure looks: one small style, and SVG that takes its ink from the page it stands in.

matplotlib is imported only when something is drawn; pyplot and its global figures are never used.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from picojoule.base.units import si
from picojoule.reports.columns import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

PANELS = 16  # of one figure
INK = "#0a0b0c"  # stands for the page's text colour: replaced by currentColor
WIDTH = 5.6  # inches; half a page
_STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": INK,
    "grid.alpha": 0.12,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "xtick.major.width": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
}

# Okabe and Ito's colours, moved to a middle lightness: at least 3:1 on white and on near-black.
_COLOURS = {
    "ann": INK,
    "rate": "#2f7fc1",
    "phase": "#bf8100",
    "burst": "#c0669a",
    "ttfs": "#d55e00",
    "ttas": "#009e73",
    "few-spikes": "#7d6fd0",
}
PALETTE = tuple(shade for shade in _COLOURS.values() if shade != INK)
"""Colours for things that are no systems, in order."""
_LEGEND_WIDTH = 84  # characters
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES = ("-", (0, (4, 1.6)), (0, (1.2, 1.4)), (0, (5, 1.4, 1.2, 1.4)))
_PLACES = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 2), (0, -2), (1, -2), (-1, -2))
_REFERENCE = re.compile(r"(\bid=\"|href=\"#|url\(#)")


class Figure(NamedTuple):
    """A drawing: its title, its SVG text, and one sentence on how to read it."""

    title: str
    svg: str
    note: str = ""


@contextmanager
def canvas(height: float = 3.3, width: float = WIDTH) -> Iterator[Canvas]:
    """An empty figure in the house style; draw inside the block and call `svg` there.

    Args:
        height: inches.
        width: inches.
    """
    import matplotlib
    from matplotlib.figure import Figure as Canvas

    with warnings.catch_warnings(), matplotlib.rc_context():
        warnings.filterwarnings("ignore", message=r".*[Gg]lyph .* missing")
        matplotlib.rcParams.update(matplotlib.rcParamsDefault | _STYLE)
        yield Canvas(figsize=(width, height), layout="constrained")


def svg(figure: Canvas, name: str, title: str) -> str:
    """The figure as SVG without preamble, with transparent ground, the page's ink, and ids that begin with `name`.

    Args:
        figure: a figure made by `canvas`.
        name: letters, digits and hyphens; unique in a page.
        title: what a screen reader says.
    """
    import matplotlib

    matplotlib.rcParams["svg.hashsalt"] = name
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", transparent=True, bbox_inches="tight", pad_inches=0.04, metadata=nothing)
    drawing = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", buffer.getvalue(), flags=re.DOTALL)
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(
        r"<[^<>]+>", lambda tag: _REFERENCE.sub(rf"\g<1>{name}-", tag[0]).replace(INK, "currentColor"), drawing
    )
    return drawing.replace("<svg ", f'<svg role="img" aria-label="{_attribute(title)}" ', 1)


def kind(system: str) -> str:
    """The neural code of a system (or ``ann``): the first word of its name."""
    return label(system).split(" ")[0]


def colours(systems: Sequence[str]) -> dict[str, str]:
    """System → colour, by kind; kinds without a colour of their own share what is left, in order."""
    kinds = list(dict.fromkeys(map(kind, systems)))
    _, *shades = _COLOURS.values()
    spare = [shade for shade in shades if shade not in map(_COLOURS.get, kinds)] or shades
    strangers = [name for name in kinds if name not in _COLOURS]
    chosen = _COLOURS | {name: spare[i % len(spare)] for i, name in enumerate(strangers)}
    return {system: chosen[kind(system)] for system in systems}


def dashes(systems: Sequence[str]) -> dict[str, Any]:
    """System → line style; systems of one colour differ."""
    seen: dict[str, list[str]] = {}
    for system, colour in colours(systems).items():
        seen.setdefault(colour, []).append(system)
    return {system: _DASHES[i % len(_DASHES)] for members in seen.values() for i, system in enumerate(members)}


def markers(names: Sequence[str]) -> dict[str, str]:
    """Name → marker."""
    return {name: _MARKERS[i % len(_MARKERS)] for i, name in enumerate(names)}


def si_axis(axis: Any, unit: str = "", digits: int = 1) -> None:
    """Tick labels with SI prefixes: ``1 µJ``."""
    axis.set_major_formatter(lambda value, _: _short(value, unit, digits))


def percent_axis(axis: Any) -> None:
    """Tick labels of fractions: ``98 %``."""
    axis.set_major_formatter(lambda value, _: f"{100 * value:g} %" if value <= 1 + 1e-9 else "")


def energy_axis(axes: Axes, costs: Sequence[float]) -> None:
    """Ticks at 1 of each decade, also at 2 and 5 where the data span less than two decades."""
    from matplotlib.ticker import LogLocator, NullLocator

    narrow = max(costs) / min(costs) < 100
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,), numticks=12))
    axes.xaxis.set_minor_locator(NullLocator())
    si_axis(axes.xaxis, "J")


def shown(system: str, longest: int = 36) -> str:
    """A name that a legend shows also when it begins with an underscore, cut where it is very long."""
    name = label(system)
    name = name if len(name) <= longest else name[: longest - 1] + "…"
    return f"\u200b{name}" if name.startswith("_") else name


def tail(layer: str, longest: int = 22) -> str:
    """The end of a layer's name, which tells it from its neighbours."""
    name = label(layer)
    return name if len(name) <= longest else "…" + name[1 - longest :]


def legend_above(axes: Axes, columns: int | None = None, **options: Any) -> None:
    """A legend over the axes, where no data can be; at most four columns, fewer where names are long."""
    handles, names = axes.get_legend_handles_labels()
    if handles:
        columns = columns or max(1, min(4, _LEGEND_WIDTH // (max(map(len, names)) + 5)))
        place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "borderaxespad": 0.2}
        axes.legend(handles, names, ncols=columns, handlelength=1.8, columnspacing=1.2, **place | options)


def label_points(axes: Axes, named: Sequence[tuple[float, float, str]], others: Sequence[tuple[float, float]]) -> None:
    """Names beside points, each at the place round its point that covers least.

    Args:
        axes: its limits and scales must be final.
        named: x, y and the name, in data coordinates.
        others: points to keep clear of; covering one is less bad than covering a name.
    """
    size = 8.0  # points; a character is about 0.6 of that wide
    to_points = 72 / axes.figure.dpi
    marks = [_box(*axes.transData.transform(point) * to_points, 0.0, 7.0) for point in others]
    names: list[tuple[float, ...]] = []
    left, right = (edge * to_points for edge in axes.get_window_extent().intervalx)
    for x, y, name in dict.fromkeys(named):
        half = 0.3 * size * len(name)
        at = axes.transData.transform((x, y)) * to_points
        offsets = [(dx * (half + 8), 11.0 * dy) for dx, dy in _PLACES]
        boxes = [_box(at[0] + dx, at[1] + dy, 2 * half, size + 2) for dx, dy in offsets]
        costs = [_covered(box, names, marks) + 3 * (box[0] < left or box[1] > right) for box in boxes]
        chosen = costs.index(min(costs))
        names.append(boxes[chosen])
        dx, dy = offsets[chosen]
        where = {"xytext": (dx, dy), "textcoords": "offset points", "ha": "center", "va": "center"}
        axes.annotate(name, (x, y), fontsize=size, annotation_clip=False, **where)


def slug(text: str) -> str:
    """`text` as a piece of an id."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "figure"


def _box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    """Left, right, bottom, top of a box about a centre; a width of 0 is a square."""
    across, up = (width or height) / 2, height / 2
    return x - across, x + across, y - up, y + up


def _covered(box: tuple[float, ...], names: Sequence[tuple[float, ...]], marks: Sequence[tuple[float, ...]]) -> int:
    """What a box hides: 1 a mark, 5 a name."""
    return 5 * sum(_touch(box, name) for name in names) + sum(_touch(box, mark) for mark in marks)


def _touch(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


def _short(value: float, unit: str, digits: int) -> str:
    shown = si(value, unit, digits=max(digits, 3))
    number, _, rest = shown.partition(" ")
    return f"{float(number):g} {rest}".strip()


def _attribute(text: str) -> str:
    return label(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def panels(figure: Any, count: int, height: float, most: int) -> list[Axes]:
    """At most `PANELS` axes in rows of `most`, each `height` inches high and all of one width."""
    count = min(count, PANELS)
    across = min(count, most)
    down = -(-count // across)
    figure.set_size_inches(figure.get_figwidth(), max(1.6, down * (height + 0.42)))
    grid = figure.subplots(down, across, squeeze=False)
    for spare in grid.flat[count:]:
        spare.remove()
    return list(grid.flat[:count])


def capital(title: str) -> str:
    """With a capital at its front, unless it begins like mAP50."""
    return title if title[1:2].isupper() else title[:1].upper() + title[1:]


def left_out(count: int) -> str:
    """What a note says of panels that are not drawn; nothing where all are."""
    return f" The first {PANELS} of {count} are drawn." if count > PANELS else ""
