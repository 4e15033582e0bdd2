"""What random numbers are drawn for: by place instead of by order, so that each has its own whoever comes to it first.

All engines draw the same number for the same spike, and a result depends neither on the batch a sample came in nor on
the number of threads. A sample is known by its content.
"""

from __future__ import annotations

from zlib import crc32

import torch
from torch import Tensor

from picojoule.kernels.draws import GOLDEN, mix


def keys_for(samples: Tensor, what: str, seed: int) -> Tensor:
    """A key for each sample and purpose, int64 like `samples`."""
    return mix(samples + mix(torch.tensor((seed % 2**31 << 32) + crc32(what.encode()), device=samples.device)))


def keys_of(x: Tensor) -> Tensor:
    """What each sample is known by, int64 ``[batch]``: a hash of its values as float32."""
    bits = x.detach().flatten(1).float().contiguous().view(torch.int32).long()
    place = torch.arange(bits.shape[1], device=x.device) * GOLDEN
    return mix(mix(bits + place).sum(1))
