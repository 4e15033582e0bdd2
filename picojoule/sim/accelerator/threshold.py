"""Inference thresholding: stop looking at answers as soon as one cannot be wrong, as far as training showed.

::

    θ_c   the smallest value with P(y = c | z_c > θ_c) ≥ ρ on training questions; for ρ = 1 max{ z_c | y ≠ c }
    order classes by the silhouette of the two clusters {z_c | y = c}, {z_c | y ≠ c}, the mean over all questions, the
          largest first; then every row that is no answer
    stop  at the first class of the order with z_c > θ_c; else the arg max of all

Thresholds are of this network's logits, and from training questions alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Threshold:
    """Thresholds and an order.

    Attributes:
        theta: ``[rows]``, ∞ for rows that are never an answer.
        order: every row, as visited.
        answers: how many of them, at the front, are answers.
    """

    theta: NDArray[np.float64]
    order: NDArray[np.int64]
    answers: int

    @staticmethod
    def fit(z: NDArray[np.floating], y: NDArray[np.int64], *, rho: float = 1.0, ordered: bool = True) -> Threshold:
        """Thresholds of training questions.

        Args:
            z: logits ``[questions, rows]``.
            y: right rows ``[questions]``.
            rho: ρ in (0, 1].
            ordered: by silhouette; else in the natural order of all rows.

        Raises:
            InputError: a ρ outside (0, 1], or no question.
        """
        if not 0 < rho <= 1 or not len(y):
            raise InputError(
                f"ρ = {rho} and {len(y)} questions", where="Threshold", remedy="give 0 < ρ ≤ 1 and a question"
            )
        classes = np.unique(y)
        theta = np.full(z.shape[1], np.inf)
        for c in classes:
            theta[c] = _theta(z[:, c].astype(float), y == c, rho)
        if not ordered:
            return Threshold(theta=theta, order=np.arange(z.shape[1]), answers=len(classes))
        score = [silhouette(z[:, c].astype(float), y == c) for c in classes]
        front = classes[np.argsort(-np.array(score), kind="stable")]
        rest = np.setdiff1d(np.arange(z.shape[1]), front)
        return Threshold(theta=theta, order=np.concatenate([front, rest]), answers=len(classes))

    def predict(self, z: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Answers ``[questions]``, and how many rows were looked at for each."""
        in_order = z[:, self.order]
        passes = in_order > self.theta[self.order]
        stops = passes.any(1)
        place = np.where(stops, passes.argmax(1), 0)
        answer = np.where(stops, self.order[place], z.argmax(1))
        return answer, np.where(stops, place + 1, z.shape[1])


def _theta(z: NDArray[np.float64], right: NDArray[np.bool_], rho: float) -> float:
    """The smallest of the values at hand above which at least ρ are right; the largest of all where there is none."""
    if rho == 1:
        return float(z[~right].max()) if (~right).any() else -np.inf
    order = np.argsort(-z, kind="stable")
    above, hits = np.arange(1, len(z) + 1), np.cumsum(right[order])
    levels = z[order]
    last = np.append(levels[1:] < levels[:-1], True)  # a cut between equal values is none
    good = last & (hits >= rho * above)
    if not good.any():
        return float(levels[0])
    cut = int(np.flatnonzero(good)[-1])
    return float(levels[cut + 1]) if cut + 1 < len(levels) else -np.inf


def silhouette(z: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Mean silhouette of two clusters on a line: (b − a)/max(a, b) for mean distances a to one's own, b to the other.

    One alone in its cluster counts 0. By sorting, so that it takes n·log n.
    """
    if right.all() or not right.any():
        return 0.0
    total = np.zeros(len(z))
    for own in (True, False):
        mine, other = z[right == own], z[right != own]
        if len(mine) < 2:
            continue
        a = _distances(mine, mine) / (len(mine) - 1)
        b = _distances(mine, other) / len(other)
        largest = np.maximum(a, b)
        total[right == own] = np.divide(b - a, largest, out=np.zeros_like(a), where=largest > 0)
    return float(total.mean())


def _distances(x: NDArray[np.float64], to: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ_j |x_i − t_j|."""
    t = np.sort(to)
    below = np.searchsorted(t, x)
    sums = np.concatenate([[0.0], np.cumsum(t)])
    return x * below - sums[below] + (sums[-1] - sums[below]) - x * (len(t) - below)
