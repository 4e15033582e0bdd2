"""A wrong file gives one error that names the file, the place in it and the remedy."""

from __future__ import annotations

import copy
import json
import math

import pytest

from picojoule.base.errors import InputError
from picojoule.result import Claim, Energy, Result, Row, Series

GOOD = Result(
    recipe="compare",
    title="t",
    mode="quick",
    seed=0,
    data={"name": "d", "nested": {"list": [1]}},
    rows=(
        Row(system="ann fp32", metrics={"accuracy": 0.9}, interval={"accuracy": (0.8, 0.95)}),
        Row(
            system="ttfs T=8",
            metrics={"accuracy": 0.9},
            energy=(Energy(profile="p", joules=1.0), Energy(profile="q", relative=1.0, reference="ann fp32")),
            layers=({"name": "conv1", "spikes": 1.0},),
        ),
    ),
    series=(Series(name="s", system="ann fp32", x=(1, 2), y=(1, 2), x_unit="", y_unit=""),),
    claims=(Claim(id="c", text="", paper=1.0, paper_source="", measured=None, unit="", status="not-tried"),),
).to_dict()
GONE = object()

# keys to the place, what is put there, the path that the error names, words of the message
WRONG = [
    (("schema",), 2, "schema", "schema is 2"),
    (("schema",), True, "schema", "schema is True"),
    (("schema",), GONE, "schema", "schema is None"),
    (("title",), GONE, "title", "missing"),
    (("title",), 3, "title", "text"),
    (("seed",), 1.5, "seed", "whole number"),
    (("seed",), "0", "seed", "number"),
    (("extra",), 1, "extra", "unknown key"),
    (("rows",), {}, "rows", "list"),
    (("rows", 0), [], "rows[0]", "object"),
    (("rows", 1, "colour"), 1, "rows[1].colour", "unknown key"),
    (("rows", 1, "peak_bytes"), GONE, "rows[1].peak_bytes", "missing"),
    (("rows", 1, "peak_bytes"), 0.5, "rows[1].peak_bytes", "whole number"),
    (("rows", 0, "metrics", "accuracy"), True, "rows[0].metrics.accuracy", "number"),
    (("rows", 0, "metrics", "accuracy"), math.nan, "rows[0].metrics.accuracy", "not finite"),
    (("rows", 0, "metrics", "accuracy"), 10**400, "rows[0].metrics.accuracy", "not finite"),
    (("rows", 0, "interval", "accuracy"), [1, 0], "rows[0].interval.accuracy", "low, high"),
    (("rows", 0, "interval", "accuracy"), [0], "rows[0].interval.accuracy", "low, high"),
    (("rows", 0, "interval", "accuracy"), [0, None], "rows[0].interval.accuracy[1]", "null"),
    (("rows", 0, "counts", "spikes"), "many", "rows[0].counts.spikes", "text"),
    (("rows", 1, "energy", 0, "joules"), math.inf, "rows[1].energy[0].joules", "not finite"),
    (("rows", 1, "energy", 0, "joules"), "1 J", "rows[1].energy[0].joules", "number"),
    (("rows", 1, "energy", 0, "joules"), GONE, "rows[1].energy[0].joules", "missing"),
    (("rows", 1, "energy", 0, "evidence"), "guessed", "rows[1].energy[0].evidence", "not allowed"),
    (("rows", 1, "energy", 0, "evidence"), [], "rows[1].energy[0].evidence", "not allowed"),
    (("rows", 1, "energy", 1, "reference"), GONE, "rows[1].energy[1].reference", "missing"),
    (("rows", 1, "energy", 1, "joules"), 1.0, "rows[1].energy[1].joules", "unknown key"),
    (("rows", 1, "layers", 0, "name"), GONE, "rows[1].layers[0].name", "null"),
    (("rows", 1, "layers", 0, "spikes"), [1], "rows[1].layers[0].spikes", "number"),
    (("series", 0, "y"), [1], "series[0]", "x has 2 values and y has 1"),
    (("series", 0, "x", 1), "2", "series[0].x[1]", "number"),
    (("claims", 0, "status"), "maybe", "claims[0].status", "not allowed"),
    (("claims", 0, "text"), "\ud800", "claims[0].text", "surrogate"),
    (("data", "nested", "list", 0), math.nan, "data.nested.list[0]", "not finite"),
    (("environment",), None, "environment", "object"),
]


def spoilt(keys, value):
    content = copy.deepcopy(GOOD)
    *path, last = keys
    place = content
    for key in path:
        place = place[key]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return content


@pytest.mark.parametrize(("keys", "value", "path", "words"), WRONG)
def test_an_error_names_file_place_and_remedy(tmp_path, keys, value, path, words):
    file = tmp_path / "result.json"
    file.write_text(json.dumps(spoilt(keys, value)))
    with pytest.raises(InputError) as error:
        Result.load(file)
    assert error.value.where == f"{file}, {path}"
    assert words in error.value.what
    assert error.value.remedy


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 5000])
def test_a_file_that_is_no_json(tmp_path, content):
    file = tmp_path / "result.json"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"result\.json"):
        Result.load(file)


@pytest.mark.parametrize("content", ["null", "[]", "3", '"text"'])
def test_json_that_is_no_result(tmp_path, content):
    file = tmp_path / "result.json"
    file.write_text(content)
    with pytest.raises(InputError, match=r"top level: .* where an object should be"):
        Result.load(file)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="cannot read the result"):
        Result.load(tmp_path / "none.json")


def test_the_good_one_is_good():
    assert Result.from_dict(GOOD).to_dict() == GOOD
