"""One page over results of different data: every system in one figure, nothing best, every id once."""

import re
from html.parser import HTMLParser

import pytest

from picojoule.reports import report
from picojoule.reports.across import groups
from picojoule.reports.columns import columns
from picojoule.result import Energy, Result, Row


def result(recipe: str, data: str) -> Result:
    def row(system: str, accuracy: float, joules: float, spikes: float | None) -> Row:
        energy = (Energy(profile="horowitz-45nm-fp32", joules=joules), Energy(profile="loihi", joules=2 * joules))
        layers = ({"name": "conv", "spikes": spikes},) if spikes else ()
        bench = {"Footprint": 8, "SynapticOperations": {"Dense": 4.0, "Effective_ACs": None}}
        counts = {"spikes": spikes, "steps": 8 if spikes else None}
        return Row(system=system, metrics={"accuracy": accuracy}, counts=counts, energy=energy, layers=layers,
                   neurobench=bench)  # fmt: skip

    rows = (row("ann fp32", 0.9, 1e-5, None), row("rate T=8", 0.89, 2e-6, 30.0), row("ttfs T=8", 0.5, 1e-7, 9.0))
    return Result(recipe=recipe, title=recipe, mode="quick", seed=0, data={"name": data}, rows=rows)


@pytest.fixture(scope="module")
def page() -> str:
    return report([result("a", "d"), result("b", "e")]).html()


def test_every_system_is_in_one_figure_a_technology(page):
    made = groups(report([result("a", "d"), result("b", "e")]).result)
    assert [group.heading for group in made] == ["", "a", "b"]
    assert [figure.title for figure in made[0].figures] == [
        "Every system: accuracy against joules, horowitz-45nm",
        "Every system: accuracy against joules, loihi",
    ]
    assert page.index("Every system") < page.index("Table of systems"), "it stands above the table"


def test_ids_are_there_once(page):
    seen = []

    class Ids(HTMLParser):
        def handle_starttag(self, tag, attributes):
            seen.extend(value for name, value in attributes if name == "id")

    Ids().feed(page)
    assert len(seen) == len(set(seen)) > 10
    used = {each for pair in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', page) for each in pair if each}
    assert used <= set(seen)


def test_systems_of_different_data_do_not_compete(page):
    together = report([result("a", "d"), result("b", "e")])
    assert not any(column.best for column in columns(together.result))
    assert "data of its own" in str(together) and "lowest of each" not in str(together)
    assert [column.heading for column in columns(together.result)] == [
        "system", "accuracy", "steps", "horowitz-45nm", "loihi",
    ]  # fmt: skip


def test_results_of_one_data_set_are_still_compared():
    assert [row.system for row in report([result("a", "d"), result("a", "d")]).result.rows] == [
        "ann fp32", "rate T=8", "ttfs T=8",
    ]  # fmt: skip


def test_neurobench_has_a_table_and_unknown_is_a_dash(page):
    table = page.split("Table of NeuroBench")[1]
    assert "footprint" in table and "dense" in table and "–" in table


def test_tables_of_many_rows_can_be_sifted_and_the_page_needs_no_script(page):
    assert 'class="systems sifted"' in page and "filter: ttfs -int8" in page
    assert "<input" not in page.split("<script>")[0], "the box is made by the script"


def test_the_other_formats_are_written(tmp_path):
    both = report([result("a", "d"), result("b", "e")])
    for suffix in (".md", ".csv", ".tex", ".json"):
        assert "a: rate T=8" in both.save(tmp_path / f"x{suffix}").read_text()
