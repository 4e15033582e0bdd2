"""Calibration: the scale of every channel, or of every layer, whose values the code carries with the smallest error.

::

    λ* = argmin_λ  Σ_x n(x)·(λ·Q(x/λ) − x)²        λ over shares of the largest value

x are the ANN's activations and n their histogram; Q is the code's closed form. A smaller λ makes the steps finer and
clips more. Unlike a percentile it knows the code: few steps want a smaller λ. It does not know that spikes of rate
codes arrive unevenly.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from picojoule.codes import Code
from picojoule.conversion.histogram import Histogram

SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
"""Of the scale that a percentile gives, what is tried."""


def squared_error(histogram: Histogram, code: Code, scale: Tensor) -> Tensor:
    """Σ n·(λ·Q(x/λ) − x)² for each channel, ``[channels]``, with its scale λ ``[channels]``."""
    values, counts = histogram.bins()
    scale = scale.unsqueeze(1)
    return (counts * (scale * code.value(values / scale) - values).square()).sum(1)


def best_scales(
    histograms: Mapping[str, Histogram], codes: Mapping[str, Code], scales: Mapping[str, Tensor], *, norm: str
) -> dict[str, Tensor]:
    """λ of every node, the best among shares of what it is.

    Args:
        histograms: of the activations, by name.
        codes: of the neurons, by name.
        scales: λ ``[channels]`` to start from, by name.
        norm: ``channel``, or ``layer`` for one share a layer.
    """
    found = {}
    for name, scale in scales.items():
        errors = torch.stack([squared_error(histograms[name], codes[name], share * scale) for share in SHARES])
        errors = errors if norm == "channel" else errors.sum(1, keepdim=True).expand_as(errors)
        found[name] = scale * torch.tensor(SHARES, dtype=scale.dtype)[errors.argmin(0)]
    return found
