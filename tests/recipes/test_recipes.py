"""The index of the eighteen, and every recipe's smoke mode: it runs, is valid, and claims nothing."""

import importlib
import json

import pytest

from picojoule.base.errors import InputError
from picojoule.recipes.index import RECIPES, Entry, find
from picojoule.recipes.settings import Settings
from picojoule.reports.columns import quality
from picojoule.result import Result


def named(entry: Entry) -> str:
    return entry.name


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    return {entry.name: smoke(entry) for entry in RECIPES}


def smoke(entry: Entry) -> Result:
    return importlib.import_module(entry.module).build(Settings(mode="smoke", limit=16))


def test_the_index_is_the_eighteen():
    assert len(RECIPES) == 18 and len({entry.name for entry in RECIPES}) == 18
    assert all(entry.title and entry.paper and entry.cite and entry.domain for entry in RECIPES)


@pytest.mark.parametrize("entry", RECIPES, ids=named)
def test_smoke_is_a_whole_result(results, entry, tmp_path):
    result = results[entry.name]
    assert (result.recipe, result.mode, result.seed) == (entry.name, "smoke", 0)
    assert Result.load(result.save(tmp_path / "result.json")) == result
    assert Result.from_dict(json.loads(result.to_json())) == result
    assert result.data["name"].startswith("synthetic")


@pytest.mark.parametrize("entry", RECIPES, ids=named)
def test_smoke_claims_nothing(results, entry):
    claims = results[entry.name].claims
    assert claims and {claim.status for claim in claims} == {"not-tried"}
    assert all(claim.reason and claim.measured is None for claim in claims)


@pytest.mark.parametrize("entry", RECIPES, ids=named)
def test_rows_are_a_baseline_and_a_method(results, entry):
    rows = results[entry.name].rows
    assert rows[0].system.split(" (")[0] == "ann fp32" and len(rows) > 1
    assert len({row.system for row in rows}) == len(rows)
    for row in rows:
        trains = row.system.endswith("(a training step)")  # which has costs, but no accuracy of its own
        assert row.energy and (trains or -1 <= quality(row) <= 1)


def test_a_name_that_is_nearly_right_gets_a_hint():
    with pytest.raises(InputError, match="did you mean t2fsnn"):
        find("t2fsn")
    with pytest.raises(InputError, match="picojoule list names all eighteen"):
        find("zzzzzz")


def test_full_mode_needs_data():
    with pytest.raises(InputError, match="the full mode has no data"):
        Settings(mode="full").dataset()
