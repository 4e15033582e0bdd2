"""One verb, five formats."""

from __future__ import annotations

from dataclasses import replace

import pytest

from picojoule.base.errors import InputError
from picojoule.reports import report
from picojoule.result import Result
from sample_result import sample

SMALL = replace(sample(), series=(), rows=sample().rows[:1])
BEGINNINGS = {".html": "<!doctype html>", ".md": "# LeNet", ".csv": "system,accuracy", ".tex": "% needs", ".json": "{"}


@pytest.mark.parametrize(("suffix", "beginning"), BEGINNINGS.items())
def test_the_suffix_names_the_format(tmp_path, suffix, beginning):
    path = report(SMALL).save(tmp_path / "deep" / f"report{suffix.upper()}")
    assert path.read_text(encoding="utf-8").startswith(beginning)


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.html.gz"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"\.html, \.md, \.csv, \.tex, \.json"):
        report(SMALL).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_json_of_a_report_is_its_result(tmp_path):
    assert Result.load(report(SMALL).save(tmp_path / "a.json")) == SMALL


def test_several_results_stand_in_one_report():
    made = report([SMALL, replace(SMALL, rows=sample().rows[3:5])])
    assert [row.system for row in made.result.rows] == ["ann fp32", "rate T=8", "rate T=16"]


def test_shown_as_text_and_in_a_notebook(capsys):
    made = report(SMALL)
    made.show()
    assert capsys.readouterr().out.rstrip() == str(made)
    assert "ann fp32" in made._repr_html_()
    assert SMALL._repr_html_() == made._repr_html_()
