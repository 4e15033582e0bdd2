"""A sample of the cases of every reader; ``benchmarks/fuzz_readers.py`` runs as many as one likes."""

from dataclasses import replace

import pytest

import fuzzing
from readers import READERS

CASES = 60


@pytest.mark.parametrize("reader", READERS, ids=lambda each: each.name)
def test_a_spoilt_file_is_read_or_refused_with_one_clear_error(reader):
    report = fuzzing.fuzz(reader, range(CASES))
    assert not report.failures, report.failures
    assert report.cases == CASES and report.refused


def test_a_reader_that_crashes_hangs_or_lies_is_caught(monkeypatch, tmp_path):
    monkeypatch.setattr(fuzzing, "SECONDS", 0.1)
    whole = next(each for each in READERS if each.name == "result")

    good = whole.read(whole.make(tmp_path)).to_json()

    def crashing(path):
        return whole.read(path).rows[0 if whole.read(path).to_json() == good else 7]

    def hanging(path):
        while whole.read(path).to_json() != good:
            pass

    def lying(value):
        assert value.to_json() == good

    always = {"check": lambda _: None}
    for broken, kind in (
        (replace(whole, read=crashing, **always), "IndexError"),
        (replace(whole, read=hanging, **always), "Hang"),
        (replace(whole, check=lying), "AssertionError"),
    ):
        found = fuzzing.fuzz(broken, range(60)).failures
        assert {each.split()[0] for each in found} == {kind}, found
