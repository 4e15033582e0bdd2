"""The same seed gives the same result, and batches do not matter to it."""

import json

import pytest

from picojoule.cli.main import main

CLOCK = ("environment", "seconds_per_sample", "peak_bytes")


def _result(folder, *words):
    assert main([*words, "--quiet", "--out", str(folder)]) == 0
    return _without(json.loads((folder / "result.json").read_text()))


def _without(value):
    if isinstance(value, dict):
        return {key: _without(each) for key, each in value.items() if key not in CLOCK}
    return [_without(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("recipe", ["t2fsnn", pytest.param("noise-robust", marks=pytest.mark.slow)])
def test_a_recipe_twice(recipe, tmp_path):
    words = ("run", recipe, "--smoke", "--seed", "3")
    assert _result(tmp_path / "a", *words) == _result(tmp_path / "b", *words)


@pytest.mark.slow
def test_counts_and_decisions_do_not_depend_on_the_batch(tmp_path):
    """Counts are sums of integers; joules are computed from them."""
    first, second = (_result(tmp_path / size, "compare", "--limit", "24", "--batch", size) for size in ("24", "5"))
    for one, other in zip(first["rows"], second["rows"], strict=True):
        for name in ("system", "counts", "energy", "metrics"):
            assert one[name] == other[name], one["system"]
