"""Random numbers by place instead of by order: each is a function of the seed and of what it is drawn for.

::

    z = key + φ·counter        u = mix(z) / 2⁶⁴        mix: the finaliser of SplitMix64

So all engines draw the same number for the same spike, whatever the order in which they come to it, and a result
depends neither on the batch a sample came in nor on the number of threads. A sample is known by its content.
"""

from __future__ import annotations

from zlib import crc32

import torch
from torch import Tensor

_GOLDEN, _FIRST, _SECOND = -0x61C8864680B583EB, -0x40A7B892E31B1A47, -0x6B2FB644ECCEEE15
"""φ and the two factors of SplitMix64 as int64: products wrap around."""


def uniform(keys: Tensor, counter: Tensor) -> Tensor:
    """Numbers in [0, 1), float64.

    Args:
        keys: int64, of :func:`keys_for`; broadcastable to `counter`.
        counter: int64, a number of its own for each draw under a key.
    """
    bits = mix(keys + (counter + 1) * _GOLDEN)
    return _right(bits, 11).double() * 2.0**-53


def keys_for(samples: Tensor, what: str, seed: int) -> Tensor:
    """A key for each sample and purpose, int64 like `samples`."""
    return mix(samples + mix(torch.tensor((seed % 2**31 << 32) + crc32(what.encode()), device=samples.device)))


def keys_of(x: Tensor) -> Tensor:
    """What each sample is known by, int64 ``[batch]``: a hash of its values as float32."""
    bits = x.detach().flatten(1).float().contiguous().view(torch.int32).long()
    place = torch.arange(bits.shape[1], device=x.device) * _GOLDEN
    return mix(mix(bits + place).sum(1))


def mix(z: Tensor) -> Tensor:
    """The finaliser of SplitMix64: every bit of the result depends on every bit of `z`, int64."""
    z = (z ^ _right(z, 30)) * _FIRST
    z = (z ^ _right(z, 27)) * _SECOND
    return z ^ _right(z, 31)


def _right(z: Tensor, bits: int) -> Tensor:
    """A shift to the right that fills with zeros."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)
