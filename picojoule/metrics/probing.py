"""What features are worth without training: neighbours, and the best linear map.

::

    nearest     the class most of the k training samples with the largest cosine have
    ridge       W = (XᵀX + λI)⁻¹XᵀY = Xᵀ(XXᵀ + λI)⁻¹Y of centred X and Y, X divided by one number, the deviation of all
    R²          1 − Σ(Y − Ŷ)²/Σ(Y − Ȳ)², the mean over columns
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from picojoule.base.errors import DataError

PENALTIES = tuple(10.0**k for k in range(-1, 6))
_TIE = 1e-3  # the larger similarity decides where classes have as many votes


def standardised(train: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
    """Features ``[n, d]``, and others by the same mean and deviation; what never changes becomes 0."""
    mean, deviation = train.mean(0), train.std(0)
    scale = torch.where(deviation > 0, 1 / deviation.clamp_min(1e-12), 0.0)
    return tuple((each - mean) * scale for each in (train, *others))


def nearest(train: Tensor, labels: Tensor, test: Tensor, *, k: int = 5) -> Tensor:
    """Classes of test features by their k nearest training features, int64 ``[m]``.

    Args:
        train, test: features ``[n, d]`` and ``[m, d]``.
        labels: int64 ``[n]``.
        k: neighbours; all where there are fewer.

    Raises:
        DataError: no training sample, or fewer than one neighbour.
    """
    if not len(train) or k < 1:
        raise DataError(f"{k} neighbours of {len(train)} samples", where="nearest", remedy="give one or more of both")
    cosine, which = (normalize(test) @ normalize(train).T).topk(min(k, len(train)))
    votes = one_hot(labels[which], int(labels.max()) + 1) * (1 + _TIE * cosine.unsqueeze(2))
    return votes.sum(1).argmax(1)


def ridge(train: Tensor, targets: Tensor, *, penalties: tuple[float, ...] = PENALTIES) -> Callable[[Tensor], Tensor]:
    """The linear map from features ``[n, d]`` to targets ``[n, t]``, as a function of features.

    λ is the one with the least squared error on every fifth sample when it is fitted on the others.
    """
    held_out = torch.arange(len(train)) % 5 == 4
    errors = []
    for penalty in penalties:
        answer = _solved(train[~held_out], targets[~held_out], penalty)
        errors.append(float((answer(train[held_out]) - targets[held_out]).square().mean()))
    return _solved(train, targets, penalties[errors.index(min(errors))])


def _solved(train: Tensor, targets: Tensor, penalty: float) -> Callable[[Tensor], Tensor]:
    middle, mean = train.mean(0), targets.mean(0)
    x, y = train - middle, targets - mean  # a scale for each feature would blow up those that seldom change
    scale, (n, d) = x.square().mean().sqrt().clamp_min(1e-12), x.shape
    x = x / scale
    if d > n:
        w = x.T @ torch.linalg.solve(x @ x.T + penalty * torch.eye(n), y)
    else:
        w = torch.linalg.solve(x.T @ x + penalty * torch.eye(d), x.T @ y)
    return lambda features: (features - middle) / scale @ w + mean


def explained(predicted: Tensor, targets: Tensor) -> float:
    """R² of predictions ``[n, t]``; a column that never changes is left out."""
    total = (targets - targets.mean(0)).square().sum(0)
    left = (targets - predicted).square().sum(0)
    return float((1 - left[total > 0] / total[total > 0]).mean())
