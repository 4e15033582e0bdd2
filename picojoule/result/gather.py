"""Results of different data sets in one, for one page over all: systems have their result's name in front."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from picojoule.base.errors import InputError
from picojoule.result.merge import merge
from picojoule.result.values import Result, Row

GATHERED = "results"
"""The key in ``data`` under which a gathered result has the data set of each, by the name in front of its systems."""
_BETWEEN = ": "


def gather(results: Sequence[Result]) -> Result:
    """One result with the systems, series and claims of all, ``t2fsnn: ttfs T=80``.

    Those of one recipe on one data set are merged first. :func:`parts` takes it apart again.

    Args:
        results: at least one.

    Raises:
        InputError: no results.
    """
    if not results:
        raise InputError("there are no results", where="gather", remedy="give at least one")
    named = _named(results)
    renamed = [_prefixed(result, name) for name, result in named.items()]
    seeds = {result.seed for result in named.values()}
    return Result(
        recipe=", ".join(named),
        title=f"{sum(len(result.rows) for result in renamed)} systems of {len(named)} results",
        mode=", ".join(dict.fromkeys(result.mode for result in named.values())),
        seed=seeds.pop() if len(seeds) == 1 else None,
        data={"name": None, GATHERED: {name: str(result.data.get("name")) for name, result in named.items()}},
        rows=tuple(row for result in renamed for row in result.rows),
        series=tuple(series for result in renamed for series in result.series),
        claims=tuple(claim for result in renamed for claim in result.claims),
        environment={name: result.environment for name, result in named.items()},
        pictures={title: png for result in renamed for title, png in result.pictures.items()},
    )


def is_gathered(result: Result) -> bool:
    """True of a result whose systems are about different data."""
    return GATHERED in result.data


def parts(result: Result) -> dict[str, Result]:
    """The results that a gathered one was made of, by the names in front; one that is not, under no name."""
    if not is_gathered(result):
        return {"": result}
    return {name: _part(result, name) for name in result.data[GATHERED]}


def _named(results: Sequence[Result]) -> dict[str, Result]:
    """Merged results by their recipe, with the data set behind where a recipe has several."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.recipe, str(result.data.get("name"))), []).append(result)
    recipes = [recipe for recipe, _ in groups]
    names = {(recipe, data): f"{recipe} ({data})" if recipes.count(recipe) > 1 else recipe for recipe, data in groups}
    return {names[key]: merge(group) for key, group in groups.items()}


def _prefixed(result: Result, name: str) -> Result:
    front = name + _BETWEEN

    def row(each: Row) -> Row:
        energy = (replace(e, reference=None if e.reference is None else front + e.reference) for e in each.energy)
        return replace(each, system=front + each.system, energy=tuple(energy))

    return replace(
        result,
        rows=tuple(map(row, result.rows)),
        series=tuple(replace(series, system=front + series.system) for series in result.series),
        claims=tuple(replace(claim, id=front + claim.id) for claim in result.claims),
        pictures={front + title: png for title, png in result.pictures.items()},
    )


def _part(result: Result, name: str) -> Result:
    front = name + _BETWEEN

    def plain(text: str) -> str:
        return text.removeprefix(front)

    def rows() -> Iterator[Row]:
        for row in result.rows:
            if row.system.startswith(front):
                energy = (replace(e, reference=e.reference and plain(e.reference)) for e in row.energy)
                yield replace(row, system=plain(row.system), energy=tuple(energy))

    return replace(
        result,
        recipe=name,
        title=name,
        data={"name": result.data[GATHERED][name]},
        rows=tuple(rows()),
        series=tuple(replace(s, system=plain(s.system)) for s in result.series if s.system.startswith(front)),
        claims=tuple(replace(c, id=plain(c.id)) for c in result.claims if c.id.startswith(front)),
        pictures={plain(title): png for title, png in result.pictures.items() if title.startswith(front)},
    )
