"""Several results beside each other, as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from picojoule.base.errors import InputError
from picojoule.result.values import Claim, Energy, Result, Row


def merge(results: Sequence[Result]) -> Result:
    """One result with the rows, series and claims of all.

    Results are of one kind when they are about the same data set (``data["name"]``). A row that stands in an earlier
    result with the same values is left out; a different row of the same name gets recipe and mode appended, and the
    seed or a number where that is not enough. What differs in data and environment becomes the list of values.

    Args:
        results: at least one.

    Raises:
        InputError: no results, or results of different data sets.
    """
    if not results:
        raise InputError("there are no results", where="merge", remedy="give at least one")
    _require_same_data(results)
    if len(results) == 1:
        return results[0]
    parts = list(_renamed(results))
    return Result(
        recipe=_joined(result.recipe for result in results),
        title=_joined((result.title for result in results), " / "),
        mode=_joined(result.mode for result in results),
        seed=results[0].seed if len({result.seed for result in results}) == 1 else None,
        data=_joined_dicts([result.data for result in results]),
        rows=tuple(row for part in parts for row in part.rows),
        series=tuple(dict.fromkeys(series for part in parts for series in part.series)),
        claims=_claims(results),
        environment=_joined_dicts([result.environment for result in results]),
        pictures={title: content for result in results for title, content in result.pictures.items()},
    )


def _require_same_data(results: Sequence[Result]) -> None:
    names = list(dict.fromkeys(str(result.data.get("name")) for result in results))
    if len(names) > 1:
        what = f"the results are about different data ({', '.join(names)})"
        raise InputError(what, where="merge", remedy="make one report for each data set")


def _renamed(results: Sequence[Result]) -> Iterator[Result]:
    """The results with system names that do not clash, in rows, references and series alike."""
    seen: dict[str, Row] = {}
    for result in results:
        names = {row.system: _free_name(row, result, seen) for row in result.rows}
        rows = [_rename_row(row, names) for row in result.rows if seen.get(row.system) != row]
        seen |= {row.system: row for row in rows}
        series = (replace(series, system=names.get(series.system, series.system)) for series in result.series)
        yield replace(result, rows=tuple(rows), series=tuple(series))


def _free_name(row: Row, result: Result, seen: dict[str, Row]) -> str:
    if seen.get(row.system, row) == row:
        return row.system
    return _free(row.system, result, seen)


def _rename_row(row: Row, names: dict[str, str]) -> Row:
    def energy(entry: Energy) -> Energy:
        return replace(entry, reference=names.get(entry.reference or "", entry.reference))

    return replace(row, system=names[row.system], energy=tuple(map(energy, row.energy)))


def _claims(results: Sequence[Result]) -> tuple[Claim, ...]:
    seen: dict[str, Claim] = {}
    for result in results:
        for claim in result.claims:
            if seen.get(claim.id) != claim:
                name = _free(claim.id, result, seen) if claim.id in seen else claim.id
                seen[name] = replace(claim, id=name)
    return tuple(seen.values())


def _free(name: str, result: Result, taken: dict[str, Any]) -> str:
    """`name` with recipe and mode appended; with the seed, then a number, while that is taken too."""
    run = f"{result.recipe} {result.mode}"
    seeded = f"{run} seed {result.seed}"
    numbered = (f"{seeded} #{i}" for i in range(2, len(taken) + 3))
    return next(new for tag in (run, seeded, *numbered) if (new := f"{name} ({tag})") not in taken)


def _joined(texts: Any, between: str = ", ") -> str:
    return between.join(dict.fromkeys(texts))


def _joined_dicts(dicts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    keys = dict.fromkeys(key for content in dicts for key in content)
    values = {key: [content[key] for content in dicts if key in content] for key in keys}
    return {key: found[0] if all(value == found[0] for value in found) else found for key, found in values.items()}
