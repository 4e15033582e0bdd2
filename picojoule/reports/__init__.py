"""A result as a table, a page and a file. Draws everything from the `Result`; imports no torch.

::

    report([a, b]).save("compare.html")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from picojoule.base.errors import InputError
from picojoule.base.files import write_whole
from picojoule.reports import formats, html, table, words
from picojoule.reports.diagnosis import DiagnosisReport
from picojoule.reports.figures import figures
from picojoule.reports.words import verdict
from picojoule.result import Diagnosis, Result, gather, merge

FORMATS: dict[str, Callable[[Result], str]] = {
    ".html": html.page,
    ".md": formats.markdown,
    ".csv": formats.csv,
    ".tex": formats.latex,
    ".json": Result.to_json,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One result, or several merged into one, ready to be shown or written."""

    result: Result

    def save(self, path: Path | str) -> Path:
        """Write the report in the format that the suffix names: .html .md .csv .tex .json.

        Raises:
            InputError: unknown suffix, or the folder cannot be written.
        """
        suffix = Path(path).suffix.lower()
        if suffix not in FORMATS:
            what = f"no report format has the suffix {suffix!r}" if suffix else "the file name has no suffix"
            raise InputError(what, where=str(path), remedy="name a file that ends in one of " + ", ".join(FORMATS))
        return write_whole(path, FORMATS[suffix](self.result))

    def html(self) -> str:
        """One self-contained HTML document."""
        return html.page(self.result)

    def markdown(self) -> str:
        """Verdict, table and claims in Markdown."""
        return formats.markdown(self.result)

    def csv(self) -> str:
        """All numbers of the rows, unrounded."""
        return formats.csv(self.result)

    def latex(self) -> str:
        """A LaTeX table for booktabs."""
        return formats.latex(self.result)

    def json(self) -> str:
        """The result itself, schema 1."""
        return self.result.to_json()

    def show(self) -> None:
        """Print table, verdict and claims: with bold on a terminal, plain into a pipe."""
        table.show(self.result)
        print("", *_below(self.result), sep="\n")

    def __str__(self) -> str:
        return "\n".join([table.text(self.result), "", *_below(self.result)]).rstrip()

    def _repr_html_(self) -> str:
        return html.fragment(self.result)


def _below(result: Result) -> list[str]:
    """What stands under the table: the verdict, then the claims."""
    found = words.claims(result)
    return [*words.verdict(result), *(["", *found] if found else [])]


def report(results: Sequence[Result] | Result | Diagnosis) -> Report | DiagnosisReport:
    """A report of one result, of several, or of a diagnosis.

    Several results of one data set are compared (:func:`picojoule.result.merge`). Those of different data sets stand on
    one page, each for itself, with all their systems in one figure (:func:`picojoule.result.gather`).

    Raises:
        InputError: no results.
    """
    if isinstance(results, Diagnosis):
        return DiagnosisReport(diagnosis=results)
    if isinstance(results, Result):
        return Report(result=results)
    alike = len({str(result.data.get("name")) for result in results}) <= 1
    return Report(result=(merge if alike else gather)(results))


__all__ = ["FORMATS", "DiagnosisReport", "Report", "figures", "report", "verdict"]
