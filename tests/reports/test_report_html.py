"""The page: well-formed, alone in the world, and deaf to what names try to say."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.reports import figures, report
from picojoule.reports.html import fragment, page
from picojoule.result import Claim, Energy, Result, Row, Series
from sample_result import sample

VOID = {"meta", "br", "wbr", "link", "img", "input", "hr"}
ATTACK = "<script>alert(1)</script>"


class Reader(HTMLParser):
    """Checks that tags balance; keeps ids, references and text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.tags: Counter[str] = Counter()
        self.references: list[str] = []
        self.texts: list[str] = []
        self.feed(content)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        for name, value in attrs:
            if name == "id":
                self.ids[value] += 1
            if name in ("src", "href", "xlink:href"):
                self.references.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def named(name: str) -> Result:
    """A result in which every text is `name`."""
    row = Row(
        system=name,
        metrics={"accuracy": 0.5, name: 1.0},
        counts={"spikes": 1.0},
        energy=(Energy(profile=name, joules=1.0), Energy(profile="q", reason=name)),
        layers=({"name": name, "spikes": 1.0},),
    )
    series = Series(name=name, system=name, x=(1, 2), y=(1, 2), x_unit=name, y_unit=name)
    claim = Claim(
        id=name, text=name, paper=1.0, paper_source=name, measured=1.0, unit=name, status="reached", reason=name
    )
    words = {
        "recipe": name,
        "title": name,
        "mode": name,
        "data": {name: name, "name": name},
        "environment": {name: [name]},
    }
    return Result(seed=0, rows=(row,), series=(series,), claims=(claim,), **words)


@pytest.fixture(scope="module")
def content() -> str:
    return page(sample())


def test_tags_balance_and_every_part_is_there(content):
    read = Reader(content)
    assert read.tags["figure"] == read.tags["figcaption"] == read.tags["svg"] == len(figures(sample()))
    assert {"Systems", "Figures", "Claims", "Data", "Environment", "How to read a joule"} <= set(read.texts)
    assert any(text.startswith("Schema 1 · written by picojoule") for text in read.texts)


def test_the_verdict_comes_before_the_table(content):
    assert content.index("the int8 ANN wins") < content.index("<table")


def test_ids_are_unique_and_references_stay_inside(content):
    read = Reader(content)
    assert read.ids
    assert max(read.ids.values()) == 1
    inside = [reference for reference in read.references if not reference.startswith("data:image/png;base64,")]
    assert inside and all(reference.startswith("#") and reference[1:] in read.ids for reference in inside)
    assert all(target in read.ids for target in re.findall(r"url\(#([^)]*)\)", content))


def test_nothing_comes_from_the_network(content):
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//|@import|url\(\s*["']?(?:https?:)?//""", content)
    assert content.count("<script>") == 1


def test_a_page_is_the_same_each_time():
    assert page(named("a")) == page(named("a"))


def test_drawing_leaves_no_trace():
    import matplotlib

    before = dict(matplotlib.rcParams)
    page(named("a"))
    assert dict(matplotlib.rcParams) == before


def test_a_script_in_a_name_is_text():
    written = page(named(ATTACK))
    assert ATTACK not in written
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in written
    assert Reader(written).tags["script"] == 1
    assert ATTACK not in fragment(named(ATTACK))


@given(st.text(max_size=20))
@settings(max_examples=8, deadline=None)
def test_no_name_breaks_the_page(name):
    read = Reader(page(replace(named(f"<i id=x>{name}"), rows=())))
    assert (read.tags["svg"], read.tags["i"], read.tags["script"]) == (1, 0, 1)
    assert "x" not in read.ids


@given(st.text(max_size=20))
@settings(max_examples=50, deadline=None)
def test_no_name_breaks_the_fragment(name):
    result = Result(
        recipe="r", title=name, mode="m", seed=0, data={}, rows=(Row(system=name, metrics={"accuracy": 1.0}),)
    )
    assert Reader(fragment(result)).tags["td"] == 2


def test_a_result_with_nothing_to_draw():
    empty = Result(recipe="r", title="t", mode="m", seed=None, data={}, rows=())
    read = Reader(report(empty).html())
    assert (read.tags["figure"], read.tags["table"]) == (0, 0)
