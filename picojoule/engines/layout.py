"""Memory formats: the one torch's CPU convolutions are fastest in, and flat views for the compiled kernels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def fast_format(x: Tensor) -> Tensor:
    """`x` with its channels last in memory where it is a batch of images."""
    return x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x.contiguous()


def flatten(x: Tensor) -> tuple[Tensor, bool]:
    """A view ``[batch, n]`` in memory order (a copy only where `x` has gaps), and whether channels are last in it."""
    if x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last):
        return x.permute(0, 2, 3, 1).reshape(len(x), -1), True
    return x.contiguous().view(len(x), -1), False


def unflatten(flat: Tensor, shape: Sequence[int], channels_last: bool) -> Tensor:
    """Rows ``[batch, n]`` in memory order as ``[batch, *shape]``."""
    if not channels_last:
        return flat.view(len(flat), *shape)
    channels, *size = shape
    return flat.view(len(flat), *size, channels).movedim(-1, 1)
