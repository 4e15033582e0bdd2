"""Passes that promise to keep the function are held to it: outputs before = outputs after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from picojoule.base.errors import ConversionError
from picojoule.ir import Network
from picojoule.ir.dense import evaluate_all

TOLERANCE = 1e-4
"""Largest difference of outputs, relative to their largest magnitude, that float rounding is allowed to make."""


def exactly(change: Callable[..., Network], network: Network, example: Tensor, *arguments: Any) -> Network:
    """Apply an exact pass, with its `arguments`, and compare the outputs on `example`.

    Raises:
        ConversionError: the outputs are not finite, or changed by more than rounding.
    """
    changed = change(network, *arguments)
    with torch.no_grad():
        before, after = (evaluate_all(net.nodes, example)[net.output.name] for net in (network, changed))
    if not bool(torch.isfinite(before).all()):
        raise ConversionError(
            "the outputs are not finite",
            where=network.name,
            remedy="check the weights and the calibration data for NaN and inf",
        )
    error = difference(after, before)
    if not error <= TOLERANCE:
        raise ConversionError(
            f"the outputs changed by {error:.1e} of their size",
            where=f"pass {change.__name__}",
            remedy="try the model in float64, and please report this",
        )
    return changed


def difference(values: Tensor, expected: Tensor) -> float:
    """The largest difference, relative to the largest magnitude expected."""
    return float((values - expected).abs().max() / expected.abs().max().clamp_min(1e-12))
