"""Results of different data in one: names in front, and everything comes apart again."""

from dataclasses import replace

import pytest

from picojoule.base.errors import InputError
from picojoule.result import Claim, Energy, Result, Row, Series, gather, is_gathered, parts


def result(recipe: str, data: str, accuracy: float = 0.9) -> Result:
    energy = (Energy(profile="p", joules=1e-6), Energy(profile="n", relative=0.5, reference="ann fp32"))
    return Result(
        recipe=recipe,
        title=recipe,
        mode="quick",
        seed=0,
        data={"name": data, "train": 3},
        rows=(Row(system="ann fp32", metrics={"accuracy": accuracy}, energy=energy),),
        series=(Series(name="s", system="ann fp32", x=(1,), y=(2,), x_unit="", y_unit=""),),
        claims=(Claim(id="c", text="t", paper=None, paper_source="", measured=1, unit="", status="reached"),),
        environment={"cpu": "x"},
        pictures={"p": b"png"},
    )


def test_systems_have_their_results_name_in_front():
    one = gather([result("a", "d"), result("b", "e")])
    assert [row.system for row in one.rows] == ["a: ann fp32", "b: ann fp32"]
    assert one.rows[1].energy[1].reference == "b: ann fp32"
    assert [series.system for series in one.series] == ["a: ann fp32", "b: ann fp32"]
    assert one.data["results"] == {"a": "d", "b": "e"} and is_gathered(one)
    assert Result.from_dict(one.to_dict()) == replace(one, pictures={})


def test_it_comes_apart_again():
    given = {"a": result("a", "d"), "b": result("b", "e")}
    apart = parts(gather(list(given.values())))
    assert apart.keys() == given.keys()
    for name, part in apart.items():
        assert part.rows == given[name].rows and part.series == given[name].series
        assert part.claims == given[name].claims and part.pictures == given[name].pictures
    alone = result("a", "d")
    assert parts(alone) == {"": alone} and not is_gathered(alone)


def test_one_recipe_on_two_data_sets_and_twice_on_one():
    one = gather([result("a", "d"), result("a", "e"), result("a", "e", 0.5)])
    assert list(parts(one)) == ["a (d)", "a (e)"]
    assert len(parts(one)["a (e)"].rows) == 2


def test_nothing_is_an_error():
    with pytest.raises(InputError, match="no results"):
        gather([])
