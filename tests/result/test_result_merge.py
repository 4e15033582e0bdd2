"""Results side by side: nothing lost, nothing confused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from picojoule.base.errors import InputError
from picojoule.result import Claim, Energy, Result, Row, Series, merge

CLAIM = Claim(id="c", text="", paper=None, paper_source="", measured=1.0, unit="", status="reached")


def row(system, accuracy, reference=None):
    energy = (Energy(profile="p", relative=1.0, reference=reference),) if reference else ()
    return Row(system=system, metrics={"accuracy": accuracy}, energy=energy)


def result(*rows, recipe="a", seed=0, **fields):
    given = {"title": recipe, "mode": "quick", "data": {"name": "d", "test": 10}} | fields
    return Result(recipe=recipe, seed=seed, rows=rows, **given)


def systems(merged):
    return [row.system for row in merged.rows]


def test_one_result_is_itself():
    one = result(row("x", 0.9))
    assert merge([one]) is one


def test_equal_rows_stand_once():
    assert systems(merge([result(row("ann fp32", 0.9)), result(row("ann fp32", 0.9), row("rate T=8", 0.8))])) == [
        "ann fp32",
        "rate T=8",
    ]


def test_a_different_row_of_the_same_name_gets_recipe_mode_then_seed():
    first, *others = (result(row("x", i / 10), recipe="a", seed=i) for i in range(4))
    again = replace(others[-1], rows=(row("x", 0.9),))
    names = ["x", "x (a quick)", "x (a quick seed 2)", "x (a quick seed 3)", "x (a quick seed 3 #2)"]
    assert systems(merge([first, *others, again])) == names


def test_series_and_references_follow_their_system():
    series = Series(name="s", system="x", x=(1,), y=(1,), x_unit="", y_unit="")
    second = result(row("x", 0.2), row("y", 0.3, reference="x"), recipe="b", series=(series,))
    merged = merge([result(row("x", 0.1), series=(series,)), second])
    assert [s.system for s in merged.series] == ["x", "x (b quick)"]
    assert merged.rows[-1].energy[0].reference == "x (b quick)"


def test_claims_join():
    other = replace(CLAIM, measured=2.0)
    merged = merge([result(claims=(CLAIM,)), result(claims=(CLAIM,)), result(claims=(other,), recipe="b")])
    assert [claim.id for claim in merged.claims] == ["c", "c (b quick)"]


def test_what_differs_is_listed():
    first = result(title="one", environment={"cpu": "a", "threads": 2})
    merged = merge([first, result(title="two", seed=1, environment={"cpu": "b", "threads": 2})])
    assert (merged.title, merged.recipe, merged.seed) == ("one / two", "a", None)
    assert merged.environment == {"cpu": ["a", "b"], "threads": 2}
    assert merged.data == first.data
    assert Result.from_dict(merged.to_dict()) == merged


def test_different_data_is_refused():
    with pytest.raises(InputError, match=r"different data \(d, e\)"):
        merge([result(), result(data={"name": "e"})])


def test_nothing_is_refused():
    with pytest.raises(InputError, match="no results"):
        merge([])
