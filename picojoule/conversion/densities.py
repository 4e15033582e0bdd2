"""How often a smooth activation sees which drive: what its neurons are fitted to.

One pass over data of any size: magnitudes above and below zero in the fine bins of a :class:`Histogram`, then counts
in equal parts of the range. The range is that of what was seen, and a tenth more on either side.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from picojoule.conversion.histogram import Histogram, require_finite
from picojoule.ir import Activation, Network
from picojoule.ir.dense import evaluate_all

_PARTS, _MARGIN, _NARROWEST = 512, 0.1, 0.1


@final
class Density(NamedTuple):
    """Counts of drives in equal parts of the range from low to high."""

    low: float
    high: float
    counts: tuple[float, ...]


def densities(network: Network, batches: Iterable[Tensor]) -> dict[str, Density]:
    """The density of the drives of every smooth activation, by its name.

    Raises:
        DataError: a value is not finite.
    """
    drives = {node.name: node.inputs[0] for node in network.all(Activation)}
    found = {name: (Histogram(1), Histogram(1)) for name in drives}
    with torch.no_grad():
        for batch in batches if drives else ():
            values = evaluate_all(network.nodes, network.check_input(batch))
            for name, drive in drives.items():
                require_finite(values[drive], drive)
                rows = values[drive].flatten(1).unsqueeze(1)
                for histogram, sign in zip(found[name], (1, -1), strict=True):
                    histogram.add((sign * rows).clamp_min(0))
    return {name: _density(*sides) for name, sides in found.items()}


def _density(above: Histogram, below: Histogram) -> Density:
    """Both sides as one; zero itself is in the first bin of both, which counts where the other side is."""
    middles, counts = zip(*(side.bins() for side in (above, below)), strict=True)
    at = np.concatenate([middles[0].numpy(), -middles[1].numpy()[1:]])
    number = np.concatenate([counts[0][0].numpy(), counts[1][0].numpy()[1:]]).astype(float)
    number[0] = max(0.0, counts[0][0, 0] - counts[1][0, 1:].sum().item())
    low, high = min(at.min(), -_NARROWEST), max(at.max(), _NARROWEST)
    margin = _MARGIN * (high - low)
    parts, _ = np.histogram(at, _PARTS, (low - margin, high + margin), weights=number)
    return Density(float(low - margin), float(high + margin), tuple(parts.tolist()))
