"""Intervals of scores that are no means: by drawing samples, and seeds, again (the bootstrap).

::

    Δ* = mean over drawn seeds of [score(M_mine*) − score(M_theirs*)]        M*: confusions of drawn samples

Both systems are judged on the same drawn samples and seeds, so what is hard for both cancels. The interval is the
middle 95 % of Δ*. Cite key ``efron1979``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from picojoule.metrics.relation_classes import Score, confusion


def interval(
    called: Tensor, true: Tensor, score: Score, *, classes: int, draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The middle 95 % of the mean score over seeds.

    Args:
        called: decisions ``[seeds, samples]``, int64.
        true: classes ``[samples]``.
        score: of confusions ``[classes, classes]``.
        classes: how many there are.
        draws, seed: of the bootstrap.
    """
    one = _mean(called, true, score, classes)
    return _middle([one(*drawn) for drawn in _drawn(*called.shape, draws, seed)])


def paired_difference(
    mine: Tensor, theirs: Tensor, true: Tensor, score: Score, *, classes: int, draws: int = 1000, seed: int = 0
) -> tuple[float, float, float]:
    """The mean difference of the scores, and the ends of its interval.

    Args:
        mine, theirs: decisions ``[seeds, samples]`` of two systems, row by row of the same seeds.
        true, score, classes, draws, seed: as for :func:`interval`.
    """
    one, other = (_mean(called, true, score, classes) for called in (mine, theirs))
    once = torch.ones(mine.shape[1])
    whole = torch.arange(len(mine))
    low, high = _middle([one(*drawn) - other(*drawn) for drawn in _drawn(*mine.shape, draws, seed)])
    return one(whole, once) - other(whole, once), low, high


def _mean(called: Tensor, true: Tensor, score: Score, classes: int) -> Callable[[Tensor, Tensor], float]:
    def mean(seeds: Tensor, times: Tensor) -> float:
        distinct, counts = seeds.unique(return_counts=True)
        scores = [score(confusion(true, called[one], classes, times)) for one in distinct.tolist()]
        return float((torch.tensor(scores, dtype=torch.float64) * counts).sum() / counts.sum())

    return mean


def _drawn(seeds: int, samples: int, draws: int, seed: int) -> list[tuple[Tensor, Tensor]]:
    """Seeds, and how often each sample counts."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(draws):
        chosen = torch.randint(samples, (samples,), generator=generator)
        times = torch.bincount(chosen, minlength=samples)
        found.append((torch.randint(seeds, (seeds,), generator=generator), times))
    return found


def _middle(values: list[float]) -> tuple[float, float]:
    low, high = torch.tensor(values, dtype=torch.float64).quantile(torch.tensor([0.025, 0.975], dtype=torch.float64))
    return float(low), float(high)
