"""The values normalise what they are given, refuse what makes no sense, and survive their own JSON."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import InputError
from picojoule.result import EVIDENCE, STATUSES, Claim, Energy, Result, Row, Series

WORDS = st.text(max_size=12)
NUMBERS = st.none() | st.floats() | st.integers(-(10**12), 10**12)
TABLE = st.dictionaries(WORDS, NUMBERS, max_size=3)
JOULES = st.builds(
    Energy,
    profile=WORDS,
    joules=NUMBERS,
    evidence=st.sampled_from(EVIDENCE),
    reason=st.none() | WORDS,
    reference=st.none(),
)
RATIOS = st.builds(Energy, profile=WORDS, relative=NUMBERS, reference=WORDS, evidence=st.sampled_from(EVIDENCE))
INTERVALS = st.tuples(st.floats(), st.floats()).map(lambda ends: tuple(sorted(ends)))
ROWS = st.builds(
    Row,
    system=WORDS,
    metrics=TABLE,
    interval=st.dictionaries(WORDS, INTERVALS, max_size=2),
    counts=TABLE,
    energy=st.lists(JOULES | RATIOS, max_size=3),
    seconds_per_sample=NUMBERS,
    simulated_seconds=NUMBERS,
    peak_bytes=st.none() | st.integers(0, 10**15),
    layers=st.lists(st.fixed_dictionaries({"name": WORDS, "spikes": NUMBERS}), max_size=2),
)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5)
SERIES = st.builds(
    lambda pairs, **words: Series(x=[x for x, _ in pairs], y=[y for _, y in pairs], **words),
    pairs=PAIRS,
    **dict.fromkeys(("name", "system", "x_unit", "y_unit"), WORDS),
)
CLAIMS = st.builds(
    Claim,
    paper=NUMBERS,
    measured=NUMBERS,
    status=st.sampled_from(STATUSES),
    reason=st.none() | WORDS,
    **dict.fromkeys(("id", "text", "paper_source", "unit"), WORDS),
)
RESULTS = st.builds(
    Result,
    seed=st.none() | st.integers(0, 2**63),
    data=st.dictionaries(WORDS, NUMBERS | WORDS | st.lists(WORDS, max_size=2), max_size=3),
    rows=st.lists(ROWS, max_size=3),
    series=st.lists(SERIES, max_size=2),
    claims=st.lists(CLAIMS, max_size=2),
    environment=TABLE,
    **dict.fromkeys(("recipe", "title", "mode"), WORDS),
)


@given(RESULTS)
def test_a_result_survives_its_json(result):
    assert Result.from_dict(json.loads(result.to_json())) == result


@given(RESULTS)
def test_json_never_holds_nan(result):
    def refuse(word):
        raise AssertionError(word)

    json.loads(result.to_json(), parse_constant=refuse)


def test_a_result_survives_its_file(tmp_path):
    row = Row(system="µ “ann”", metrics={"accuracy": 0.1 + 0.2}, energy=(Energy(profile="p", joules=1e-12),))
    result = Result(recipe="compare", title="t", mode="quick", seed=0, data={"name": "d"}, rows=(row,))
    assert Result.load(result.save(tmp_path / "new" / "result.json")) == result


def test_unknown_numbers_become_none():
    row = Row(system="a", metrics={"accuracy": math.nan}, interval={"accuracy": (math.nan, 1.0)}, peak_bytes=None)
    assert row.metrics == {"accuracy": None}
    assert row.interval == {}
    assert Energy(profile="p", joules=math.inf).joules is None


def test_numpy_numbers_become_plain():
    series = Series(name="n", system="s", x=np.arange(2), y=np.float32([0.5, np.nan]), x_unit="", y_unit="")
    assert (series.x, series.y) == ((0, 1), (0.5, None))
    assert type(Row(system="a", metrics={"m": np.float64(1)}).metrics["m"]) is float


def test_the_short_forms_of_an_energy():
    def written(**fields):
        row = Row(system="a", metrics={}, energy=(Energy(profile="p", **fields),))
        return Result(recipe="r", title="t", mode="m", seed=0, data={}, rows=(row,)).to_dict()["rows"][0]["energy"][0]

    assert written(joules=1.0) == {"profile": "p", "joules": 1.0, "evidence": "computed"}
    assert written(reason="why") == {"profile": "p", "joules": None, "evidence": "computed", "reason": "why"}
    ratio = {"profile": "p", "relative": 0.5, "evidence": "computed", "reference": "b"}
    assert written(relative=0.5, reference="b") == ratio


@pytest.mark.parametrize(
    "make",
    [
        lambda: Energy(profile="p", evidence="guessed"),
        lambda: Energy(profile="p", joules=1.0, reference="b"),
        lambda: Energy(profile="p", relative=1.0),
        lambda: Series(name="n", system="s", x=(1,), y=(), x_unit="", y_unit=""),
        lambda: Claim(id="i", text="", paper=None, paper_source="", measured=None, unit="", status="maybe"),
        lambda: Row(system="a", metrics={"accuracy": object()}),
    ],
)
def test_nonsense_is_refused(make):
    with pytest.raises(InputError, match="Remedy"):
        make()


def test_the_floor_imports_neither_torch_nor_numpy():
    code = "import picojoule.result, sys; assert not {'torch', 'numpy', 'rich', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
