"""Random numbers by place: of every draw a function of its key and its number, in one pass.

::

    z = key + φ·(number + 1)        u = mix(z) / 2⁶⁴        mix: the finaliser of SplitMix64

The least it must move: 16 bytes in and 8 out a draw.
"""

from __future__ import annotations

import numba
import numpy as np
import torch
from torch import Tensor

GOLDEN, FIRST, SECOND = -0x61C8864680B583EB, -0x40A7B892E31B1A47, -0x6B2FB644ECCEEE15
"""φ and the two factors of SplitMix64 as int64: products wrap around."""


def uniform(keys: Tensor, of: Tensor, number: Tensor) -> Tensor:
    """Numbers in [0, 1), float64 like `number`.

    Args:
        keys: int64 ``[keys]``.
        of: int64, the key of each draw; like `number`.
        number: int64, different for each draw under a key.
    """
    if number.device.type != "cpu":
        return uniform_reference(keys, of, number)
    drawn = torch.empty(number.shape, dtype=torch.float64)
    flat = (each.contiguous().view(-1).numpy() for each in (of, number, drawn))
    _uniform(keys.numpy(), *flat)
    return drawn


def uniform_reference(keys: Tensor, of: Tensor, number: Tensor) -> Tensor:
    """:func:`uniform` in plain torch, for every device."""
    bits = mix(keys[of] + (number + 1) * GOLDEN)
    return _right(bits, 11).double() * 2.0**-53


def mix(z: Tensor) -> Tensor:
    """Every bit of the result depends on every bit of `z`, int64."""
    z = (z ^ _right(z, 30)) * FIRST
    z = (z ^ _right(z, 27)) * SECOND
    return z ^ _right(z, 31)


def _right(z: Tensor, bits: int) -> Tensor:
    """A shift to the right that fills with zeros."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


_PHI, _ONE, _TWO = (np.uint64(each % 2**64) for each in (GOLDEN, FIRST, SECOND))


@numba.njit(cache=True, nogil=True)
def _uniform(keys, of, number, drawn):  # type: ignore[no-untyped-def]
    for i in range(len(drawn)):
        z = np.uint64(keys[of[i]]) + (np.uint64(number[i]) + np.uint64(1)) * _PHI
        z = (z ^ (z >> np.uint64(30))) * _ONE
        z = (z ^ (z >> np.uint64(27))) * _TWO
        z = z ^ (z >> np.uint64(31))
        drawn[i] = np.float64(z >> np.uint64(11)) * 2.0**-53
