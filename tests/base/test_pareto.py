"""The front by its definition, against every pair."""

from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.pareto import front

POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers()), max_size=12)


@given(POINTS)
def test_what_nothing_equals_or_beats_in_both(points):
    found = front(points, cost=lambda each: each[0], quality=lambda each: each[1])
    assert [each[0] for each in found] == sorted({each[0] for each in found})
    on_it = {each[:2] for each in found}
    for cost, quality, _ in points:
        beaten = any(c <= cost and q >= quality and (c, q) != (cost, quality) for c, q, _ in points)
        assert ((cost, quality) in on_it) != beaten


def test_of_equals_the_first():
    points = [(1, 2, "a"), (1, 2, "b")]
    assert front(points, cost=lambda each: each[0], quality=lambda each: each[1]) == [(1, 2, "a")]
