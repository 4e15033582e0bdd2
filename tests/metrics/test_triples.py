"""F1 of triples by hand, in both variants, and its interval."""

import pytest

from picojoule.base.errors import DataError
from picojoule.metrics.triples import NOTHING, OTHER, Score, f1_interval, micro, with_other

SOUGHT = [{(0, "a", 1), (0, "b", 2)}, {(1, "a", 0)}, set()]
FOUND = [{(0, "a", 1), (0, "a", 2)}, set(), {(0, "a", 1)}]


def test_a_triple_is_right_only_as_a_whole():
    """Right: (0, a, 1). (0, a, 2) has the wrong label, (1, a, 0) was missed, the last sentence has a false alarm."""
    score = micro(FOUND, SOUGHT)
    assert (score.right, score.found, score.sought) == (1, 3, 3)
    assert score.precision == score.recall == score.f1 == pytest.approx(1 / 3)
    assert micro([{(1, "a", 0)}], [{(0, "a", 1)}]).f1 == 0  # the direction counts


def test_with_other_counts_those_who_are_nobodys_subject():
    assert with_other({(0, "a", 1)}, 3) == {(0, "a", 1), (1, OTHER, NOTHING), (2, OTHER, NOTHING)}
    numbers = (3, 2, 2)
    sides = [[with_other(t, n) for t, n in zip(side, numbers, strict=True)] for side in (FOUND, SOUGHT)]
    score = micro(*sides)
    # sentence 1: both name 1 and 2 as other, and (0, a, 1); 2: other(0) agrees, other(1) is wrong; 3: other(1) agrees
    assert (score.right, score.found, score.sought) == (3 + 1 + 1, 4 + 2 + 2, 4 + 2 + 2)
    assert score.f1 > micro(FOUND, SOUGHT).f1


def test_nothing_is_a_whole_answer_where_nothing_is_sought():
    assert micro([set()], [set()]).f1 == 1
    assert Score(right=0, found=0, sought=2).precision == 1 and Score(right=0, found=0, sought=2).f1 == 0
    assert Score(right=0, found=2, sought=0).recall == 1


def test_the_interval_holds_the_score_and_narrows_with_sentences():
    low, high = f1_interval(FOUND * 20, SOUGHT * 20)
    assert low < micro(FOUND, SOUGHT).f1 < high
    wide, narrow = (high - low for low, high in (f1_interval(FOUND * n, SOUGHT * n) for n in (5, 125)))
    assert narrow == pytest.approx(wide / 5, rel=0.35)
    assert f1_interval(SOUGHT, SOUGHT) == (1, 1)


def test_sides_of_different_length_are_refused():
    with pytest.raises(DataError, match="triples of 1 and of 2 sentences"):
        micro([set()], [set(), set()])
    with pytest.raises(DataError, match="at least one"):
        micro([], [])
