"""Calibration: the kernel of time-to-first-spike neurons, for each layer, from the histogram of its activations.

::

    ε(s) = e^(−s/τ), s = 0 … T−1       steps of ratio e^(−1/τ) from 1 down to e^(−(T−1)/τ)
    τ*, θ₀* = argmin Σ_x n(x)·(λ·Q(x/λ) − x)²

A large τ makes the steps fine and cuts small values off; a small one reaches further down in coarser steps. T stays.
θ₀ rounds down (1) or to the nearest (e^(−1/2τ)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import exp

from torch import Tensor

from picojoule.codes import TTFS, Code
from picojoule.conversion.histogram import Histogram
from picojoule.conversion.thresholds import squared_error

WINDOWS = (2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0)
"""T/τ that are tried: the smallest value is e^−(T−1)/τ."""


def best_kernels(
    histograms: Mapping[str, Histogram], codes: Mapping[str, Code], scales: Mapping[str, Tensor]
) -> dict[str, Code]:
    """The codes with the best kernel for each node that has a histogram; other codes than TTFS stay as they are."""
    found = dict(codes)
    for name, scale in scales.items():
        code, histogram = codes[name], histograms[name]
        if isinstance(code, TTFS):
            weights = 1 / scale.clamp_min(1e-12).square()  # each channel counts by its own size
            found[name] = min(
                _kernels(code), key=lambda each: float((squared_error(histogram, each, scale) * weights).sum())
            )
    return found


def _kernels(code: TTFS) -> Iterator[TTFS]:
    yield code
    for window in WINDOWS:
        tau = code.steps / window
        yield replace(code, tau=tau, threshold=1.0)
        yield replace(code, tau=tau, threshold=exp(-1 / (2 * tau)))
