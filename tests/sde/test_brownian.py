"""One path, whoever asks: increments add up, a finer grid keeps old points, and the law is that of Brownian motion."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.base.errors import InputError
from picojoule.sde import Brownian, Still

TIMES = st.integers(0, 4 * 2**10).map(lambda k: k / 2**10)


def path(seed=0, n=1) -> Brownian:
    return Brownian(shape=(n,), seed=seed, dtype=torch.float64)


@given(a=TIMES, b=TIMES, c=TIMES, seed=st.integers(0, 10**9))
@settings(max_examples=40, deadline=None)
def test_increments_add_up(a, b, c, seed):
    w = path(seed)
    assert float(w.increment(a, b) + w.increment(b, c)) == pytest.approx(float(w.increment(a, c)), abs=1e-12)
    assert torch.equal(w.increment(a, b), -w.increment(b, a))


def test_a_finer_grid_leaves_old_points_unchanged():
    w = path(3, n=5)
    coarse = [w.increment(0, k / 4) for k in range(9)]
    for k in range(65):
        w.increment(0, k / 32)
    again = [path(3, n=5).increment(0, k / 4) for k in reversed(range(9))]
    assert all(torch.equal(x, y) for x, y in zip(coarse, reversed(again), strict=True))


def test_the_law():
    n, grid = 20_000, [0.0, 0.25, 0.625, 1.0, 1.5, 2.75]
    w = path(1, n=n)
    steps = torch.stack([w.increment(a, b) for a, b in pairwise(grid)])
    spans = torch.tensor(grid, dtype=torch.float64).diff()
    covariance = steps @ steps.T / n
    assert torch.allclose(covariance / spans.sqrt() / spans.sqrt()[:, None], torch.eye(5).double(), atol=0.04)
    assert (steps.mean(1) / (spans / n).sqrt()).abs().max() < 4


def test_seeds_are_other_paths_and_times_are_refused():
    w, other = path(1, n=20_000), path(2, n=20_000)
    product = float((w.increment(0, 1) * other.increment(0, 1)).mean())
    assert abs(product) < 4 / 20_000**0.5
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="ask for finite times from 0 on"):
            w.increment(0, wrong)


def test_no_noise():
    assert not Still(shape=(3,)).increment(0, 1).any()
