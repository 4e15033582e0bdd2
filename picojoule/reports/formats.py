"""A result as text for other programs and for papers: Markdown, CSV, LaTeX."""

from __future__ import annotations

import csv as csv_module
import io
from collections.abc import Callable, Iterator
from typing import Any

from picojoule.reports.columns import Column, columns, energy_of, label, profiles
from picojoule.reports.table import caption
from picojoule.reports.words import claims_summary, verdict
from picojoule.result import Result, Row

_MARKDOWN = str.maketrans({char: f"\\{char}" for char in "\\`*_[]|#~$"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"})
_LATEX = str.maketrans(
    {char: f"\\{char}" for char in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"µ": r"\textmu{}", "×": r"$\times$", "±": r"$\pm$", "–": "--", "<": r"\textless{}", ">": r"\textgreater{}"}
)


def markdown(result: Result) -> str:
    """Title, verdict, table and claims in GitHub's Markdown."""
    parts = [f"# {_md(result.title)}", "\n".join(f"- {_md(line)}" for line in verdict(result))]
    parts += [_markdown_table(result), _md(caption(result))]
    if result.claims:
        parts += ["## Claims", _md(claims_summary(result)), _markdown_claims(result)]
    return "\n\n".join(part for part in parts if part) + "\n"


def csv(result: Result) -> str:
    """All numbers of the rows, unrounded: one line a system; an unknown number is an empty cell."""
    page = io.StringIO()
    rows = [dict(_flat(row, result)) for row in result.rows]
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["system"]
    writer = csv_module.DictWriter(page, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return page.getvalue()


def latex(result: Result) -> str:
    """The table as a ``tabular`` for the package booktabs, with its caption."""
    shown = columns(result)
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{_tex(result.title)}. {_tex(caption(result))}}}",
        rf"  \begin{{tabular}}{{l{'r' * (len(shown) - 1)}}}",
        r"    \toprule",
        "    " + " & ".join(_tex(_heading(column)) for column in shown) + r" \\",
        r"    \midrule",
        *(
            "    " + " & ".join(_cells(shown, i, _tex, r"\textbf{{{}}}".format)) + r" \\"
            for i in range(len(result.rows))
        ),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _markdown_table(result: Result) -> str:
    shown = columns(result)
    rule = ["---", *["---:"] * (len(shown) - 1)]
    body = (list(_cells(shown, i, _md, "**{}**".format)) for i in range(len(result.rows)))
    return "\n".join(f"| {' | '.join(line)} |" for line in [[_md(_heading(column)) for column in shown], rule, *body])


def _markdown_claims(result: Result) -> str:
    lines = [["claim", "paper", "ours", "unit", "status", "reason"], ["---", "---:", "---:", "---", "---", "---"]]
    for claim in result.claims:
        numbers = ("–" if value is None else f"{value:.4g}" for value in (claim.paper, claim.measured))
        words = (claim.unit, claim.status.replace("-", " "), claim.reason or "")
        lines.append([_md(label(claim.text)), *numbers, *(_md(label(word)) if word else "" for word in words)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(
    shown: tuple[Column, ...], row: int, escape: Callable[[str], str], bold: Callable[[str], str]
) -> Iterator[str]:
    for column in shown:
        cell = escape(column.cells[row])
        yield bold(cell) if row in column.best else cell


def _heading(column: Column) -> str:
    return f"{column.heading} {column.unit}".strip().replace("/ ", "/")


def _flat(row: Row, result: Result) -> Iterator[tuple[str, Any]]:
    """Name and number of everything in a row but its layers, which stay in the JSON."""
    yield "system", label(row.system)
    for name, value in row.metrics.items():
        yield name, value
        if name in row.interval:
            yield f"{name}_low", row.interval[name][0]
            yield f"{name}_high", row.interval[name][1]
    yield from row.counts.items()
    for profile in profiles(result):
        yield from _flat_energy(row, profile)
    yield "seconds_per_sample", row.seconds_per_sample
    yield "simulated_seconds", row.simulated_seconds
    yield "peak_bytes", row.peak_bytes


def _flat_energy(row: Row, profile: str) -> Iterator[tuple[str, Any]]:
    entry = energy_of(row, profile)
    if entry and entry.is_relative:
        yield f"relative:{profile}", entry.relative
        yield f"reference:{profile}", entry.reference
    elif entry:
        yield f"joules:{profile}", entry.joules
        yield f"evidence:{profile}", entry.evidence if entry.joules is not None else None


def _md(text: str) -> str:
    return label(text).translate(_MARKDOWN)


def _tex(text: str) -> str:
    return label(text).translate(_LATEX)
