"""Accuracy and the interval around it: golden values, and labels that are no classes."""

from statistics import stdev

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import DataError
from picojoule.metrics import correct, wilson
from picojoule.metrics.accuracy import gained

GOLDEN = {
    # Newcombe 1998, table I (the score method without continuity correction)
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0.0, 0.1611),
    (1, 29): (0.0061, 0.1718),
    (29, 29): (0.8830, 1.0),
}


@pytest.mark.parametrize(("counted", "expected"), GOLDEN.items(), ids=map(str, GOLDEN))
def test_wilson(counted, expected):
    assert wilson(*counted) == pytest.approx(expected, abs=5e-5)


@given(trials=st.integers(1, 5000), data=st.data())
def test_the_interval_holds_the_share_and_is_symmetric(trials, data):
    hits = data.draw(st.integers(0, trials))
    low, high = wilson(hits, trials)
    assert 0 <= low <= hits / trials + 1e-12 and hits / trials - 1e-12 <= high <= 1
    other = wilson(trials - hits, trials)
    assert (1 - other[1], 1 - other[0]) == pytest.approx((low, high))


def test_correct_counts_the_largest_outputs():
    outputs = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.4, 0.6]])
    assert correct(outputs, torch.tensor([1, 0, 0])) == 2


@pytest.mark.parametrize(
    ("outputs", "labels", "message"),
    [
        (torch.zeros(3, 2), torch.tensor([0, 1, 2]), "labels from 0 to 2 for 2 outputs"),
        (torch.zeros(3, 2), torch.tensor([0, -1, 1]), "labels from -1 to 1"),
        (torch.zeros(3, 2), torch.tensor([0, 1]), r"shape \(3, 2\) and labels of shape \(2,\)"),
        (torch.zeros(3, 2), torch.zeros(3, 2), r"labels of shape \(3, 2\)"),
        (torch.zeros(3, 2, 4), torch.tensor([0, 1, 1]), r"outputs of shape \(3, 2, 4\)"),
    ],
)
def test_labels_that_do_not_fit(outputs, labels, message):
    with pytest.raises(DataError, match=message):
        correct(outputs, labels)


def test_gained_is_paired():
    """Three more and one fewer of eight: mean 2/8, and the deviation is of the differences, not of either system."""
    right = torch.tensor([1, 1, 1, 1, 0, 1, 0, 0]).bool()
    other = torch.tensor([0, 0, 0, 1, 1, 1, 0, 0]).bool()
    d = [1, 1, 1, 0, -1, 0, 0, 0]
    mean, low, high = gained(right, other)
    assert mean == pytest.approx(2 / 8)
    assert (mean - low, high - mean) == pytest.approx((1.96 * stdev(d) / 8**0.5,) * 2)
    assert gained(right, right) == (0, 0, 0)
    with pytest.raises(DataError, match="the same samples"):
        gained(right, other[:3])


def test_gained_covers_the_true_difference():
    generator, covered = torch.Generator().manual_seed(0), 0
    for _ in range(200):
        draw = torch.rand(300, generator=generator)
        _, low, high = gained(draw < 0.7, (draw + 0.3 * torch.rand(300, generator=generator)) < 0.7)
        covered += low <= 0.15 <= high
    assert covered > 180
