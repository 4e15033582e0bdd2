"""Fits by a surrogate gradient, as published: from a random start, and by a tendency-based start (TBPI).

::

    1  from |N(0, 1)| for h and d and N(0, 1) for T, Adam on the mean squared error of a grid
    2  of each learned sequence over t = 1 … K the curve of least residual, of
           a + b·ln t,   a + b·t + c·t²,   a·e^(b·t)
    3  start on these curves, and train as long again

The authors chose the curves by eye; the residual decides here. Of both trainings the better one is kept.

Reference: cite key ``jeong2024``; the surrogate max(0, 1 − |v − T|) and the settings are those of its notebooks.
"""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np

from picojoule.kernels.imitation import imitate
from picojoule.kernels.segments import Target

RATE, EPOCHS, POINTS = 1e-3, 20_000, 20_000
"""Adam's rate and the epochs of one training, as published; points of the grid, of which the notebooks have 100,000."""


@final
class Training(NamedTuple):
    """Sequences ``[3, K]`` (T, h, d) with the smallest error on the way, that error, and the error of every epoch."""

    sequences: np.ndarray
    error: float
    path: np.ndarray


@final
class Curve(NamedTuple):
    """A fitted tendency: its family, coefficients, and values at t = 1 … K."""

    family: str
    coefficients: tuple[float, ...]
    values: np.ndarray


def random_start(steps: int, generator: np.random.Generator) -> np.ndarray:
    """T, h, d to start from, ``[3, K]``."""
    start = generator.standard_normal((3, steps))
    start[1:] = np.abs(start[1:])
    return start


def train(to: Target, start: np.ndarray, epochs: int = EPOCHS, points: int = POINTS) -> Training:
    """Full-batch Adam from a start.

    Args:
        to: the function.
        start: T, h, d ``[3, K]``.
        epochs: turns.
        points: of the grid.
    """
    x = np.linspace(to.low, to.high, points)
    f = np.interp(x, np.linspace(to.low, to.high, len(to.values)), to.values).astype(np.float32)
    x, at = x.astype(np.float32), start.astype(np.float64)
    mean, square = np.zeros_like(at), np.zeros_like(at)
    best, path = (np.inf, at), np.empty(epochs)
    for epoch in range(epochs):
        error, slope = imitate(at.astype(np.float32), x, f)
        path[epoch] = error
        best = min(best, (error, at), key=lambda each: each[0])
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        corrected = mean / (1 - 0.9 ** (epoch + 1)), square / (1 - 0.999 ** (epoch + 1))
        at = at - RATE * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
    return Training(best[1], best[0], path)


def tendency(sequence: np.ndarray) -> Curve:
    """The curve through a learned sequence that leaves the least residual."""
    t = np.arange(1, len(sequence) + 1.0)
    found = [_polynomial("logarithm", np.log(t), sequence, 1), _polynomial("quadratic", t, sequence, 2)]
    if (sequence > 0).all():  # as a trend line has it: linear in the logarithm
        slope, height = np.polyfit(t, np.log(sequence), 1)
        found.append(Curve("exponential", (float(np.exp(height)), float(slope)), np.exp(height + slope * t)))
    return min(found, key=lambda each: float(((each.values - sequence) ** 2).sum()))


def _polynomial(family: str, x: np.ndarray, sequence: np.ndarray, degree: int) -> Curve:
    coefficients = np.polyfit(x, sequence, min(degree, len(x) - 1))
    return Curve(family, tuple(map(float, coefficients[::-1])), np.polyval(coefficients, x))


@final
class Tendency(NamedTuple):
    """A TBPI run: the training from a random start, the curves of T, h and d, and the training from them."""

    first: Training
    curves: tuple[Curve, ...]
    second: Training

    @property
    def best(self) -> Training:
        """The better of both trainings."""
        return min(self.first, self.second, key=lambda each: each.error)


def tbpi(
    to: Target, steps: int, generator: np.random.Generator, epochs: int = EPOCHS, points: int = POINTS
) -> Tendency:
    """Pre-train, fit the tendencies, re-initialise, train; other arguments as :func:`train`."""
    first = train(to, random_start(steps, generator), epochs, points)
    curves = tuple(tendency(each) for each in first.sequences)
    return Tendency(first, curves, train(to, np.stack([each.values for each in curves]), epochs, points))
