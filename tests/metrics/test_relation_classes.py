"""F1 of relations against confusions worked out by hand; intervals and areas against what they must be."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import DataError, InputError
from picojoule.metrics.ranking import auc
from picojoule.metrics.relation_classes import confusion, groups_of, macro_f1, micro_f1, scores_without
from picojoule.metrics.resampling import interval, paired_difference

LABELS = ("Other", "A(e1,e2)", "A(e2,e1)", "B(e1,e2)", "B(e2,e1)")
GROUPS = groups_of(LABELS, negative="Other")


def table(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def test_confusions_are_counted():
    true, called = torch.tensor([0, 0, 1, 2, 2]), torch.tensor([0, 1, 1, 2, 0])
    assert torch.equal(confusion(true, called, 3), table([1, 1, 0], [0, 1, 0], [1, 0, 1]))
    assert torch.equal(
        confusion(true, called, 3, torch.tensor([3, 0, 1, 0, 2])), table([3, 0, 0], [0, 1, 0], [2, 0, 0])
    )
    with pytest.raises(DataError, match="one each"):
        confusion(true, called[:2], 3)
    with pytest.raises(DataError, match="from 0 to 2 where there are 2"):
        confusion(true, called, 2)


def test_f1_without_the_negative_class_by_hand():
    """Ten true relations, 4 + 2 right of 4 + 3 + 2 + 1 called; a wrong relation is a false alarm and a miss."""
    M = table([50, 1, 1], [1, 4, 1], [2, 1, 2])
    found = scores_without(M)
    assert found["precision"] == pytest.approx(6 / 10)
    assert found["recall"] == pytest.approx(6 / 11)
    assert found["f1"] == pytest.approx(2 * 6 / (10 + 11)) == micro_f1(M)
    assert micro_f1(M, negative=None) == pytest.approx(56 / 63), "over all classes it is the accuracy"


@pytest.mark.parametrize(
    ("M", "precision", "recall"),
    [
        (table([5, 0], [3, 0]), 1.0, 0.0),  # nothing called a relation
        (table([5, 2], [0, 0]), 0.0, 1.0),  # none was one
        (table([5, 0], [0, 0]), 1.0, 1.0),
    ],
)
def test_where_nothing_is_called_or_true(M, precision, recall):
    found = scores_without(M)
    assert (found["precision"], found["recall"]) == (precision, recall)


def test_directions_belong_together():
    assert GROUPS == ((1, 2), (3, 4))
    assert groups_of(("no_relation", "per:title", "per:spouse"), negative="no_relation") == ((1,), (2,))


def test_the_official_score_by_hand():
    """A: 3 + 1 right; called A 3 + 2 + 1 + 1 = 7; truly A 3 + 1 + 2 + 1 + 1 = 8. B: 2 + 2 right; called 5, truly 5."""
    M = table(
        [9, 1, 0, 0, 0],
        [1, 3, 1, 0, 0],
        [0, 1, 1, 1, 0],
        [0, 0, 0, 2, 0],
        [1, 0, 0, 0, 2],
    )
    p, r = 4 / 7, 4 / 8
    of_a, of_b = 2 * p * r / (p + r), 2 * (4 / 5) * (4 / 5) / (8 / 5)
    assert macro_f1(M, GROUPS) == pytest.approx((of_a + of_b) / 2)


def test_a_wrong_direction_is_wrong_and_other_is_no_relation():
    right = table([4, 0, 0, 0, 0], [0, 2, 0, 0, 0], [0, 0, 2, 0, 0], [0, 0, 0, 2, 0], [0, 0, 0, 0, 2])
    assert macro_f1(right, GROUPS) == 1.0
    turned = right[:, [0, 2, 1, 3, 4]]
    assert macro_f1(turned, GROUPS) == 0.5, "both directions of A exchanged: none of A is right, all of B is"
    more = right.clone()
    more[0, 0] += 1000
    assert macro_f1(more, GROUPS) == 1.0
    assert macro_f1(table(*([[1, 0, 0, 0, 0]] * 5)), GROUPS) == 0.0


def test_a_scorer_that_forgave_the_direction_would_be_caught():
    M = table([4, 0, 0, 0, 0], [0, 0, 2, 0, 0], [0, 2, 0, 0, 0], [0, 0, 0, 2, 0], [0, 0, 0, 0, 2])
    merged = [[float(M[list(a)][:, list(b)].sum()) for b in GROUPS] for a in GROUPS]
    forgiving = sum(2 * merged[k][k] / (sum(merged[k]) + merged[0][k] + merged[1][k]) for k in range(2)) / 2
    assert forgiving == 1.0 != macro_f1(M, GROUPS)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30))
def test_the_area_is_the_share_of_pairs_in_order(points):
    scores = torch.tensor([each for each, _ in points], dtype=torch.float64)
    positive = torch.tensor([each for _, each in points])
    if positive.all() or not positive.any():
        with pytest.raises(InputError, match="one kind"):
            auc(scores, positive)
        return
    pairs = [(a, b) for a in scores[positive] for b in scores[~positive]]
    assert auc(scores, positive) == pytest.approx(sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs))


def decisions(share: float, seeds: int = 3, n: int = 400):
    """Classes, and decisions that are right in such a share of them."""
    generator = torch.Generator().manual_seed(1)
    true = torch.randint(3, (n,), generator=generator)
    right = torch.rand(seeds, n, generator=generator) < share
    return true, torch.where(right, true, (true + 1) % 3)


def accuracy(M):
    return float(M.trace() / M.sum())


def test_the_interval_of_an_accuracy_is_that_of_a_mean():
    true, called = decisions(0.7, seeds=1)
    low, high = interval(called, true, accuracy, classes=3)
    share = accuracy(confusion(true, called[0], 3))
    half = 1.96 * (share * (1 - share) / len(true)) ** 0.5
    assert low == pytest.approx(share - half, abs=0.01) and high == pytest.approx(share + half, abs=0.01)


def test_a_difference_is_surer_in_pairs():
    true, good = decisions(0.9)
    worse = good.clone()
    worse[:, :12] = (true[:12] + 1) % 3
    mean, low, high = paired_difference(good, worse, true, accuracy, classes=3)
    alone = interval(good, true, accuracy, classes=3)
    assert low > 0 and low <= mean <= high and high - low < alone[1] - alone[0]
    assert paired_difference(good, good, true, accuracy, classes=3) == (0.0, 0.0, 0.0)
    back = paired_difference(worse, good, true, accuracy, classes=3)
    assert back == pytest.approx((-mean, -high, -low))


def test_seeds_that_differ_widen_the_interval():
    true, called = decisions(0.8, seeds=4)
    called[0], called[1] = true, (true + 1) % 3
    wide = interval(called, true, accuracy, classes=3)
    assert wide[1] - wide[0] > 0.3
