"""What a benchmark found, as tables on a terminal and in plain text."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import TYPE_CHECKING, TextIO

from picojoule.base.units import percent, si
from picojoule.benchmark.findings import Findings

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

WIDTH = 120
_UNKNOWN = "–"
Lines = list[Sequence[str]]


def text(findings: Findings, width: int = WIDTH) -> str:
    """All tables in plain text; no line ends in blanks.

    Args:
        findings: what to draw.
        width: columns of the page.
    """
    from rich.console import Console

    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(renderable(findings))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def show(findings: Findings, file: TextIO | None = None) -> None:
    """Print the tables: with bold on a terminal, plain into a pipe.

    Args:
        findings: what to draw.
        file: where to; standard output by default.
    """
    from rich.console import Console

    console = Console(file=file, highlight=False)
    if console.is_terminal:
        console.print(renderable(findings))
    else:
        print(text(findings), file=file)


def renderable(findings: Findings) -> Group:
    """Title, tables and notes as a rich renderable; a part without rows is left out."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [Text(findings.title, style="bold"), Text(_machine(findings), style="dim")]
    for heading, columns, lines, note in _TABLES:
        found = lines(findings)
        if found:
            parts += [Text(f"\n{heading}", style="bold"), _grid(columns, found)]
            if note:
                parts.append(Text(note, style="dim"))
    return Group(*parts, Text("\n" + "\n".join(notes(findings))))


def notes(findings: Findings) -> list[str]:
    """One line for each system that did not run, and one that says how to install the rivals that are not here."""
    lines = [f"{each.system} by {each.by} is left out: {each.reason}." for each in findings.left_out]
    if findings.missing:
        names = ", ".join(f"{each.name} {each.reason}" for each in findings.missing)
        commands = "; ".join(dict.fromkeys(each.install for each in findings.missing))
        lines.append(f"Not compared: {names}. To add them: {commands}")
    return lines


def _machine(findings: Findings) -> str:
    facts, peaks, settings = findings.environment, findings.peaks, findings.settings
    words = [f"{facts['cpu']}, {facts['threads']} threads, torch {facts['torch']}, picojoule {facts['picojoule']}"]
    words.append(f"{settings['timed_samples']} samples in {settings['repeats']} turns, interleaved")
    words.append(f"load {settings['load']:.1f} at the start")
    if peaks:
        stream, gemm = peaks["stream_bytes_per_second"], peaks["gemm_operations_per_second"]
        words.append(f"memory {si(stream, 'B/s')}, fp32 products {si(gemm, 'op/s')}")
    return "; ".join(words)


def _systems(findings: Findings) -> Lines:
    return [
        (
            row.system,
            row.by,
            row.way or _UNKNOWN,
            str(row.batch),
            _ms(median(row.seconds)),
            f"{_ms(min(row.seconds))}–{_ms(max(row.seconds))}",
            _times(row.ratio),
            percent(row.accuracy),
            si(row.process_bytes, "B"),
            si(row.tensor_bytes, "B"),
        )
        for row in findings.rows
    ]


def _reach(findings: Findings) -> Lines:
    return [
        (
            each.system,
            str(each.steps or _UNKNOWN),
            _ms(each.seconds),
            "  ".join(f"{steps}: {percent(share)}" for steps, share in each.tried.items()),
        )
        for each in findings.reach
    ]


def _ratios(findings: Findings) -> Lines:
    return [(each.what, each.of, each.over, _times(each.value)) for each in findings.ratios]


def _memory(findings: Findings) -> Lines:
    return [
        (each.system, str(each.batch), si(each.process_bytes, "B"), si(each.tensor_bytes, "B"))
        for each in findings.memory
    ]


def _kernels(findings: Findings) -> Lines:
    return [
        (
            each.kernel,
            each.shape,
            si(each.bytes, "B"),
            si(each.operations, "op"),
            si(each.seconds, "s"),
            si(each.stream_bytes_per_second, "B/s"),
            percent(each.share_of_stream),
            percent(each.share_of_gemm),
        )
        for each in findings.kernels
    ]


_TABLES: tuple[tuple[str, tuple[str, ...], Callable[[Findings], Lines], str], ...] = (
    (
        "The same weights, each at its fastest way and batch",
        ("system", "run by", "way", "batch", "ms a\nsample", "least–most", "× ours", "accuracy", "process", "tensors"),
        _systems,
        "× ours: over the fastest of our engines on the same system, median of the turns. "
        "Memory: one batch, beyond weights and inputs.",
    ),
    ("Fewest steps within half a point of the ANN", ("system", "T", "ms a\nsample", "accuracy by T"), _reach, ""),
    ("Ratios", ("of", "this", "over that", "×"), _ratios, ""),
    ("Memory does not grow with T?", ("system", "batch", "process", "tensors"), _memory, ""),
    (
        "Our kernels beside the machine, one thread",
        ("kernel", "works on", "bytes", "operations", "time", "stream", "of stream", "of product"),
        _kernels,
        "Stream: the most bytes a second that copies and triads reach on as large a working set.",
    ),
)


def _ms(seconds: float | None) -> str:
    return _UNKNOWN if seconds is None else f"{1e3 * seconds:.3g}" if seconds < 0.1 else f"{1e3 * seconds:.0f}"


def _times(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.2f}"


def _grid(columns: Iterable[str], lines: Lines) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in columns:
        words = all(not line[len(table.columns)][:1].isdecimal() for line in lines)
        table.add_column(Text(column), justify="left" if words else "right", vertical="bottom", overflow="fold")
    for line in lines:
        table.add_row(*map(Text, line))
    return table
