"""Counting events where they arrive: Σ fan-out over the non-zero entries of a tensor."""

from __future__ import annotations

import numba
import numpy as np
import torch
from torch import Tensor


@numba.njit(cache=True, nogil=True)
def _count(x, weights, events, weighted):  # type: ignore[no-untyped-def]
    """Per row b of x: how many entries are not zero, and the sum of their weights."""
    for b in range(x.shape[0]):
        found = 0
        total = 0
        for i in range(x.shape[1]):
            hit = np.int64(x[b, i] != 0)
            found += hit
            total += hit * weights[i]
        events[b] = found
        weighted[b] = total


def count(x: Tensor, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Events and weighted events per sample.

    Args:
        x: ``[batch, n]``; compiled for a contiguous float32 tensor on the CPU, plain torch for any other.
        weights: int64 ``[n]``.

    Returns:
        Two int64 arrays of length batch.
    """
    if not (x.dtype == torch.float32 and x.device.type == "cpu" and x.is_contiguous()):
        return count_reference(x, weights)
    events, weighted = np.zeros(len(x), np.int64), np.zeros(len(x), np.int64)
    _count(x.detach().numpy(), weights, events, weighted)
    return events, weighted


def count_reference(x: Tensor, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same in plain torch, for every device and dtype; x is ``[batch, n]``."""
    hit = x != 0
    weighted = (hit * torch.as_tensor(weights, device=x.device)).sum(1)
    return hit.sum(1).cpu().numpy(), weighted.cpu().numpy()
