"""Streaming statistics of activations: a percentile per channel for data of any size, in one pass.

Values are counted in bins that share the upper sixteen bits of the float32: 128 bins an octave, each less than
0.8 % wide. Counts are integers and add, so the result does not depend on the order or the size of the batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from picojoule.base.errors import DataError
from picojoule.ir import Network
from picojoule.ir.dense import evaluate_all

_LOW = np.float32(2.0**-40)
_FIRST = int(_LOW.view(np.uint32)) >> 16
_BINS = (0x7F80 - _FIRST) + 1  # bin 0: everything below 2^-40; the last one ends at infinity


class Histogram:
    """Counts of positive values per channel; everything smaller than 2⁻⁴⁰ is one bin."""

    def __init__(self, channels: int) -> None:
        self._counts = np.zeros((channels, _BINS), np.int64)
        self._largest = np.zeros(channels, np.float64)

    def add(self, values: Tensor) -> None:
        """Count a batch ``[batch, channels, ...]``."""
        rows = values.detach().float().cpu().movedim(1, 0).flatten(1)
        bits = rows.contiguous().numpy().view(np.uint32) >> np.uint32(16)
        bins = np.where(rows.numpy() < _LOW, 0, bits.astype(np.int64) - _FIRST + 1)
        channels = len(rows)
        flat = (bins + np.arange(channels)[:, None] * _BINS).ravel()
        self._counts += np.bincount(flat, minlength=channels * _BINS).reshape(channels, _BINS)
        self._largest = np.maximum(self._largest, rows.max(1).values.numpy())

    def bins(self) -> tuple[Tensor, Tensor]:
        """The middle of each bin that is not empty in all channels, ``[bins]``, and its counts ``[channels, bins]``."""
        used = np.flatnonzero(self._counts.any(0))
        edges = [((used + side).astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
                 for side in (_FIRST - 1, _FIRST)]  # fmt: skip
        middle = np.where(used == 0, 0.0, (edges[0] + np.minimum(edges[1], self._largest.max())) / 2)
        return torch.from_numpy(middle), torch.from_numpy(self._counts[:, used])

    def percentile(self, percent: float) -> Tensor:
        """The `percent`-th percentile of each channel, ``[channels]``; 100 is the exact maximum."""
        if percent == 100:
            return torch.from_numpy(self._largest.clip(min=0))
        above = self._counts.cumsum(1) >= percent * self._counts.sum(1, keepdims=True) / 100
        bins = above.argmax(1)
        upper = ((bins + _FIRST).astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
        return torch.from_numpy(np.where(bins == 0, 0.0, np.minimum(upper, self._largest)))


def histograms(network: Network, batches: Iterable[Tensor], wanted: Mapping[str, float]) -> dict[str, Histogram]:
    """A histogram of the magnitudes of a node's output, over all batches.

    Args:
        network: an ANN.
        batches: of inputs.
        wanted: the nodes by name, and how much of a magnitude above zero can be carried below.

    Raises:
        DataError: there is no batch, or a value is not finite.
    """
    found: dict[str, Histogram] = {}
    with torch.no_grad():
        for batch in batches:
            for name, values in evaluate_all(network.nodes, network.check_input(batch)).items():
                if name in wanted:
                    require_finite(values, name)
                    size = torch.where(values < 0, values / -wanted[name], values)
                    found.setdefault(name, Histogram(values.shape[1])).add(size)
    if not found:
        raise DataError(
            "the calibration data is empty", where="calibration", remedy="give at least one batch of inputs"
        )
    return found


def require_finite(values: Tensor, name: str) -> None:
    """Raise a DataError where a node's output is not finite."""
    if not bool(torch.isfinite(values).all()):
        raise DataError(
            "a value is not finite",
            where=f"calibration, output of node {name}",
            remedy="check the inputs and the weights for NaN and inf",
        )
