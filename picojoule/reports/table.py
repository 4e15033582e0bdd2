"""The table on a terminal, and the same in plain text."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from picojoule.reports.columns import Column, columns, heading_lines, label, profiles
from picojoule.result import Result, is_gathered

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

WIDTH = 120


def text(result: Result, width: int = WIDTH) -> str:
    """The table in plain text: title, table, caption; no line ends in blanks.

    Args:
        width: columns of the page; a wider table continues below, with the systems repeated.
    """
    from rich.console import Console

    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(renderable(result, width))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def show(result: Result, file: TextIO | None = None) -> None:
    """Print the table: with bold on a terminal, plain into a pipe.

    Args:
        file: where to; standard output by default.
    """
    from rich.console import Console

    console = Console(file=file, highlight=False)
    if console.is_terminal:
        console.print(renderable(result, console.width))
    else:
        print(text(result), file=file)


def renderable(result: Result, width: int = WIDTH) -> Group:
    """Title, table and caption as a rich renderable."""
    from rich.console import Group
    from rich.text import Text

    tables = [_table(part, gap) for part, gap in _parts(columns(result), width)]
    return Group(Text(f"{label(result.title)}\n", style="bold"), *tables, Text(f"\n{caption(result)}", style="dim"))


def caption(result: Result) -> str:
    """What the numbers are: per sample, and how the joules are known."""
    words = ["Counts, joules and seconds are per sample."]
    if profiles(result):
        bold = "" if is_gathered(result) else "; lowest of each profile in bold"
        words.append(f"{_evidence(result)}{bold}.")
    if any(row.interval for row in result.rows):
        words.append("± is the wider side of the interval.")
    return " ".join(words)


def _evidence(result: Result) -> str:
    """``Joules are computed (horowitz-45nm-fp32) and measured (meter)``; the names only where they differ."""
    known = (energy for row in result.rows for energy in row.energy if (energy.joules, energy.relative) != (None, None))
    kinds: dict[str, dict[str, None]] = {}
    for energy in known:
        kinds.setdefault(energy.evidence, {})[energy.profile] = None
    if len(kinds) <= 1:
        return f"Joules are {next(iter(kinds), 'unknown')}"
    return "Joules are " + " and ".join(f"{kind} ({', '.join(names)})" for kind, names in kinds.items())


def _parts(all_columns: Sequence[Column], width: int) -> Iterator[tuple[list[Column], int]]:
    """Columns for each table and the gap between them: one table if it fits, else several with the systems repeated."""
    gap = next((gap for gap in (2, 1) if _width(all_columns, gap) <= width), 1)
    system, *rest = all_columns
    part = [system]
    for column in rest:
        if len(part) > 1 and _width([*part, column], gap) > width:
            yield part, gap
            part = [system]
        part.append(column)
    yield part, gap


def _width(some: Sequence[Column], gap: int) -> int:
    from rich.cells import cell_len

    def widest(column: Column) -> int:
        return max(map(cell_len, [*heading_lines(column), *column.cells]))

    return sum(widest(column) + gap for column in some) - gap


def _table(part: Sequence[Column], gap: int) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap - 1, 0, 0), header_style="bold")
    for i, column in enumerate(part):
        table.add_column(
            Text("\n".join(heading_lines(column))), justify="right" if i else "left", vertical="bottom", overflow="fold"
        )
    for row in range(len(part[0].cells)):
        table.add_row(*(Text(column.cells[row], style="bold" if row in column.best else "") for column in part))
    return table
