"""The report as one HTML file: no network, no script needed, light and dark, printable; all given text is escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any

from picojoule.reports.across import groups
from picojoule.reports.columns import UNKNOWN, columns, heading_lines, neurobench, profiles
from picojoule.reports.table import caption
from picojoule.reports.words import claims_summary, verdict
from picojoule.result import SCHEMA, Result, is_gathered

if TYPE_CHECKING:
    from jinja2 import Environment


def page(result: Result) -> str:
    """The whole report as a self-contained HTML document."""
    return render(
        "page.html",
        result=result,
        verdict=verdict(result),
        claims=claims_summary(result),
        columns=columns(result),
        caption=caption(result),
        profiles=profiles(result),
        groups=groups(result),
        across=is_gathered(result),
        neurobench=neurobench(result),
        pictures=[
            (title, f"data:image/png;base64,{b64encode(png).decode()}") for title, png in result.pictures.items()
        ],
        facts={"Data": list(_facts(result.data)), "Environment": list(_facts(result.environment))},
        schema=SCHEMA,
        script=_text("page.js"),
    )


def render(template: str, **shown: Any) -> str:
    """A page of ours from its template, with the style and the version."""
    return _environment().get_template(template).render(version=_version(), style=_text("style.css"), **shown)


def fragment(result: Result) -> str:
    """Title, table and caption without a page around them, for notebooks."""
    shown = {"result": result, "columns": columns(result), "caption": caption(result)}
    return _environment().get_template("fragment.html").render(shown)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        autoescape=True, loader=FunctionLoader(_text), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["lines"] = heading_lines
    made.filters["number"] = lambda value: UNKNOWN if value is None else f"{value:.4g}"
    return made


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _version() -> str:
    try:
        return metadata.version("picojoule")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _facts(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested values as (name, text) pairs."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _facts(value, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}".replace("_", " "), _fact(value)


def _fact(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_fact, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return UNKNOWN if value is None else str(value)
