"""Neighbours and the linear map against what is known by construction."""

import pytest
import torch

from picojoule.base.errors import DataError
from picojoule.metrics.probing import explained, nearest, ridge, standardised


def test_neighbours_by_brute_force():
    generator = torch.Generator().manual_seed(0)
    train, test = (torch.randn(n, 6, generator=generator) for n in (40, 25))
    labels = torch.randint(3, (40,), generator=generator)
    found = nearest(train, labels, test, k=5)
    for row, answer in zip(test, found, strict=True):
        cosine = torch.stack([row @ each / (row.norm() * each.norm()) for each in train])
        votes = torch.bincount(labels[cosine.argsort(descending=True)[:5]], minlength=3)
        assert votes[answer] == votes.max()


def test_the_nearer_decides_a_tie():
    train = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert nearest(train, torch.tensor([0, 1]), torch.tensor([[0.2, 1.0], [1.0, 0.2]]), k=2).tolist() == [1, 0]


def test_no_neighbours():
    with pytest.raises(DataError, match="0 neighbours of 1 samples"):
        nearest(torch.ones(1, 2), torch.tensor([0]), torch.ones(1, 2), k=0)


def test_a_linear_law_is_found():
    generator = torch.Generator().manual_seed(1)
    x, w = torch.randn(200, 8, generator=generator), torch.randn(8, 3, generator=generator)
    y = x @ w + torch.tensor([3.0, 0.0, -1.0])
    answer = ridge(x[:150], y[:150])
    assert explained(answer(x[150:]), y[150:]) > 0.999
    noise = torch.randn(200, 3, generator=generator)
    assert explained(ridge(x[:150], noise[:150])(x[150:]), noise[150:]) < 0.1


def test_more_features_than_samples_are_the_same_map():
    """Both forms of W, by taking features away that are all 0."""
    generator = torch.Generator().manual_seed(4)
    x, y = torch.randn(20, 15, generator=generator), torch.randn(20, 2, generator=generator)
    wide = torch.cat([x, torch.zeros(20, 15)], 1)  # of half the mean square, so that λ is twice as much
    assert torch.allclose(ridge(x, y, penalties=(3.0,))(x), ridge(wide, y, penalties=(6.0,))(wide), atol=1e-4)


def test_a_feature_that_seldom_changes_does_no_harm():
    """It is active once in training; in the test it is large."""
    generator = torch.Generator().manual_seed(5)
    x, w = torch.randn(300, 6, generator=generator), torch.randn(6, 1, generator=generator)
    rare = torch.zeros(300, 30)
    rare[:30] = 1e-3 * torch.eye(30)
    rare[200:] = 0.05
    y = x @ w + 0.3 * torch.randn(300, 1, generator=generator)
    x = torch.cat([x, rare], 1)
    assert explained(ridge(x[:200], y[:200])(x[200:]), y[200:]) > 0.8


def test_the_penalty_is_chosen_on_held_out_samples():
    """More features than samples: without a penalty the noise would be learnt."""
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(260, 100, generator=generator)
    y = x[:, :1] + 2 * torch.randn(260, 1, generator=generator)
    chosen, free = (ridge(x[:60], y[:60], penalties=each)(x[60:]) for each in ((1e-3, 30.0, 300.0), (1e-3,)))
    assert explained(chosen, y[60:]) > explained(free, y[60:])


def test_explained_of_the_mean_is_nothing():
    y = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    assert explained(y, y) == 1 and explained(y.mean(0).expand(2, 2), y) == 0


def test_standardised_by_the_training_part():
    train, test = standardised(torch.tensor([[1.0, 2.0], [3.0, 2.0]]), torch.tensor([[2.0, 9.0]]))
    assert train.mean(0).tolist() == [0, 0] and test.tolist() == [[0, 0]]
