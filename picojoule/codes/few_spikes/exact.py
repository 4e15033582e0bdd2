"""The exact fit: least squares for d, the exact gradient for T and h, starts that are constructed.

Given T and h the best d solves a linear system, so only T and h are searched. The squared error is an integral over the
segments between breakpoints, and its gradient by a breakpoint is the jump of the squared error there: nothing is
sampled, and no surrogate takes the place of a derivative (:mod:`picojoule.kernels.segments`).

A start has p comparators, which fire and leave the potential alone, and K − p halvings A·2^−k of a successive
approximation, with or without a first step that shifts every potential above zero. All starts take a few steps, the
best of them many; then the best is shaken, and kept where that leads to a better one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from picojoule.kernels.segments import Target, descend, loss

_KEPT, _SHORT, _LONG, _SHAKEN = 6, 300, 1500, 800
"""Starts that are kept, and Adam's steps of every start, of those that are kept, and after a shake."""
_RATE, _SHAKES, _SHARE = 0.004, (0.01, 0.04), 0.4
"""Of the width of the range, what the first of Adam's steps may move a threshold by, and what a shake moves it by; the
share of all numbers that a shake moves."""

Tables = tuple[np.ndarray, np.ndarray, np.ndarray]
"""T, h and d, float64 ``[K]``."""


def fit_exact(
    to: Target,
    steps: int,
    generator: np.random.Generator,
    *,
    spike_weight: float = 0.0,
    starts: tuple[Tables, ...] = (),
    tries: int = 64,
    shakes: int = 48,
) -> Tables:
    """The tables of the smallest L + μ·N.

    Args:
        to: what to fit.
        steps: K.
        generator: of everything random.
        spike_weight: μ.
        starts: tables to start from, beside those that are constructed.
        tries: starts that are constructed.
        shakes: of the best.
    """
    rate = _RATE * (to.high - to.low)
    made = [(T, h) for T, h, _ in starts] + list(_constructed(to, steps, generator, tries))
    short = [descend(*start, to, spike_weight, _SHORT, rate) for start in made]
    kept = sorted(short, key=lambda each: each[0])[:_KEPT]
    best = min((descend(T, h, to, spike_weight, _LONG, rate) for _, T, h in kept), key=lambda each: each[0])
    for number in range(shakes):
        size = _SHAKES[number % len(_SHAKES)] * (to.high - to.low)
        moved = [each + _shake(steps, size, generator) for each in best[1:]]
        best = min(best, descend(*moved, to, spike_weight, _SHAKEN, rate), key=lambda each: each[0])
    _, T, h = best
    return T, h, loss(T, h, to, spike_weight).amplitudes


def _shake(steps: int, size: float, generator: np.random.Generator) -> np.ndarray:
    return size * generator.standard_normal(steps) * (generator.random(steps) < _SHARE)


def _constructed(
    to: Target, steps: int, generator: np.random.Generator, tries: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Starts: comparators over what is left of the range, halvings from its upper end down."""
    places = np.interp(np.linspace(0, 1, 257), to.mass / to.mass[-1], np.linspace(to.low, to.high, len(to.mass)))
    for number in range(tries):
        comparators = number % (steps // 2 + 1)
        shifted = number % 3 == 2 and steps > comparators + 1
        halvings = steps - comparators - shifted
        top = to.high if number % 2 else max(places[int(generator.integers(128, 257))], 0.05 * (to.high - to.low))
        span = (top - to.low) if shifted else max(top, 0.05 * (to.high - to.low))
        amounts = span * 2.0 ** -np.arange(1, halvings + 1)
        at = np.sort(places[generator.integers(0, 257, comparators)])
        first = [to.low - 1.0] if shifted else []
        thresholds = np.concatenate([at, first, amounts])
        resets = np.concatenate([np.zeros(comparators), [to.low] if shifted else [], amounts])
        scatter = 0.02 * (to.high - to.low) * (number >= tries // 2)
        yield thresholds + scatter * generator.standard_normal(steps), resets
