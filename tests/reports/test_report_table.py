"""The table: the same cells in every format, nothing wider than the page, unknown is a dash."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.reports import formats, table
from picojoule.reports.columns import columns
from picojoule.result import Energy, Result, Row
from sample_result import sample

SNAPSHOT = """\
LeNet-5 on MNIST under every neural code

                                                                                     truenorth-
                                   spikes/               horowitz- horowitz-         normalised
system       accuracy steps spikes  neuron synops   MACs 45nm-fp32 45nm-int8  loihi × rate T=64    time peak memory
───────────────────────────────────────────────────────────────────────────────────────────────────────────────────
ann fp32  98.6 ±0.7 %     1      –       –      – 2.29 M   11.6 µJ         –      –           –  300 µs     5.50 MB
rate T=64 98.4 ±0.8 %    64 82.3 k    9.68 9.71 M      0   26.3 µJ   9.29 µJ 229 µJ         1 × 8.10 ms     7.80 MB
"""


def empty(**fields):
    return Result(**{"recipe": "r", "title": "t", "mode": "quick", "seed": 0, "data": {}, "rows": ()} | fields)


def test_snapshot():
    result = sample()
    lines = table.text(replace(result, rows=(result.rows[0], result.rows[6]))).splitlines()
    assert lines[:8] == SNAPSHOT.splitlines()
    assert lines[-2].startswith("Counts, joules and seconds are per sample. Joules are computed; lowest")


def test_str_and_the_report_show_it():
    assert str(sample()) == table.text(sample())


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_no_line_is_wider_than_the_page_and_no_column_is_lost(width):
    text = table.text(sample(), width)
    assert max(map(len, text.splitlines())) <= width
    for word in ("accuracy", "45nm-fp32", "45nm-int8", "loihi", "MACs", "82.3 k", "26.3 µJ", "8.10 ms", "0.565 ×"):
        assert word in text


@given(st.lists(st.text(max_size=30), min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_every_row_is_one_line_whatever_its_name(names):
    rows = tuple(Row(system=name, metrics={"accuracy": i / 10}) for i, name in enumerate(names))
    lines = table.text(empty(rows=rows), 120).splitlines()
    assert len([line for line in lines if line.endswith("0 %")]) == len(names)


def test_unknown_columns_are_hidden_and_unknown_cells_are_dashes():
    rows = (Row(system="a", metrics={"loss": 0.5}, simulated_seconds=0.002), Row(system="b", metrics={"loss": None}))
    shown = {column.heading: column.cells for column in columns(empty(rows=rows))}
    assert shown == {"system": ("a", "b"), "loss": ("0.5", "–"), "simulated time": ("2.00 ms", "–")}


def test_the_lowest_joules_of_each_profile_are_bold():
    shown = columns(sample())
    best = {column.heading: {shown[0].cells[i] for i in column.best} for column in shown if column.best}
    expected = {"horowitz-45nm-fp32": {"ttfs T=12"}, "horowitz-45nm-int8": {"ann int4"}, "loihi": {"ttfs T=12"}}
    assert best == expected
    assert "**360 nJ**" in formats.markdown(sample())
    assert r"\textbf{360 nJ}" in formats.latex(sample())


def test_the_caption_says_how_joules_are_known():
    def energy(evidence):
        return (Energy(profile=f"p-{evidence}", joules=1.0, evidence=evidence),)

    rows = tuple(Row(system=word, metrics={}, energy=energy(word)) for word in ("computed", "measured"))
    assert "Joules are computed (p-computed) and measured (p-measured)" in table.caption(empty(rows=rows))
    assert "Joules are measured;" in table.caption(empty(rows=rows[1:]))


def test_show_is_plain_in_a_pipe():
    page = io.StringIO()
    table.show(sample(), page)
    assert "\x1b" not in page.getvalue()
    assert page.getvalue() == table.text(sample()) + "\n"


def test_a_result_without_rows_has_a_table():
    assert "system" in table.text(empty())


def test_csv_holds_the_exact_numbers():
    result = sample()
    rows = list(csv.DictReader(io.StringIO(formats.csv(result))))
    assert [row["system"] for row in rows] == [row.system for row in result.rows]
    joules = result.rows[3].energy[0].joules
    assert float(rows[3]["joules:horowitz-45nm-fp32"]) == joules
    assert (rows[0]["joules:loihi"], rows[0]["evidence:loihi"], rows[3]["reference:truenorth-normalised"]) == (
        "",
        "",
        "rate T=64",
    )


def test_markdown_and_latex_escape():
    result = empty(title="50 % & _more_", rows=(Row(system="a|b_c <i>", metrics={"accuracy": 0.5}),))
    assert r"| a\|b\_c &lt;i&gt; | 50.0 % |" in formats.markdown(result)
    assert r"a|b\_c \textless{}i\textgreater{} & 50.0 \% \\" in formats.latex(result)


def test_every_line_of_a_markdown_table_has_the_same_cells():
    lines = [line for line in formats.markdown(sample()).splitlines() if line.startswith("| ")]
    assert {line.count(" | ") for line in lines} == {len(columns(sample())) - 1, 5}
