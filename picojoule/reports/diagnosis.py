"""A diagnosis as a page: the verdict, the table of layers, and the error layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from picojoule.base.errors import InputError
from picojoule.base.files import write_whole
from picojoule.reports.draw import INK, Figure, canvas, legend_above, svg
from picojoule.reports.html import render
from picojoule.result.diagnosis import Diagnosis

_NOTE = (
    "Errors are root mean squares relative to the ANN's values: of the layer, of an exact layer with the same inputs "
    "(carried in), and of what comes in here (added here). Saturated and silent are shares of the positive values; "
    "spread is the standard deviation of spike times as a share of the window."
)
_COLOURS = {"carried": "#2f7fc1", "added": "#d55e00"}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisReport:
    """A diagnosis ready to be shown or written."""

    diagnosis: Diagnosis

    def save(self, path: Path | str) -> Path:
        """Write it in the format that the suffix names: .html or .json.

        Raises:
            InputError: unknown suffix, or the folder cannot be written.
        """
        suffix = Path(path).suffix.lower()
        if suffix not in _FORMATS:
            raise InputError(
                f"a diagnosis has no format {suffix!r}", where=str(path), remedy=f"use {' or '.join(_FORMATS)}"
            )
        return write_whole(path, _FORMATS[suffix](self.diagnosis))

    def html(self) -> str:
        """One self-contained HTML document."""
        return page(self.diagnosis)

    def __str__(self) -> str:
        return str(self.diagnosis)


def page(diagnosis: Diagnosis) -> str:
    """The diagnosis as a self-contained HTML document."""
    shown = {"title": f"{diagnosis.system} beside its ANN", "diagnosis": diagnosis, "table": diagnosis.table()}
    return render("diagnosis.html", **shown, note=_NOTE, figures=[errors(diagnosis), ranges(diagnosis)])


def errors(diagnosis: Diagnosis) -> Figure:
    """Error carried in and added, layer by layer; the first bad layer marked."""
    series = {name: [getattr(layer, name) for layer in diagnosis.layers] for name in _COLOURS}
    with canvas(height=_height(diagnosis)) as figure:
        axes = _bars(figure, diagnosis, series, ("carried in", "added here"))
        axes.axvline(diagnosis.limit, color=INK, linewidth=0.8, linestyle=(0, (2, 2)), label="limit of what is added")
        legend_above(axes)
        note = "Of each layer, relative to the size of its values. The first bad layer is in bold."
        return Figure("Error layer by layer", svg(figure, "fig-diagnosis-errors", "error layer by layer"), note)


def ranges(diagnosis: Diagnosis) -> Figure:
    """The shares of values that are saturated and silent."""
    series = {name: [getattr(layer, key) for layer in diagnosis.layers]
              for name, key in zip(_COLOURS, ("silent", "saturated"), strict=True)}  # fmt: skip
    with canvas(height=_height(diagnosis)) as figure:
        axes = _bars(figure, diagnosis, series, ("silent", "saturated"))
        legend_above(axes)
        note = "Shares of the positive values that a neuron cannot reach above, or sends nothing for."
        return Figure("Saturated and silent", svg(figure, "fig-diagnosis-ranges", "saturated and silent shares"), note)


def _height(diagnosis: Diagnosis) -> float:
    return 1.0 + 0.34 * len(diagnosis.layers)


def _bars(figure: Any, diagnosis: Diagnosis, series: dict[str, list[float | None]], names: tuple[str, str]) -> Any:
    axes = figure.add_subplot()
    places = range(len(diagnosis.layers))
    for offset, (key, values), name in zip((-0.18, 0.18), series.items(), names, strict=True):
        widths = [value or 0.0 for value in values]
        axes.barh([place + offset for place in places], widths, height=0.34, color=_COLOURS[key], label=name)
    labels = axes.set_yticks(places, [layer.name for layer in diagnosis.layers])
    for tick, layer in zip(labels, diagnosis.layers, strict=True):
        tick.label1.set_fontweight("bold" if layer is diagnosis.first_bad else "normal")
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    return axes


_FORMATS: dict[str, Callable[[Diagnosis], str]] = {".html": page, ".json": Diagnosis.to_json}
