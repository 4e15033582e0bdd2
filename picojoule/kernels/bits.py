"""Spikes as bits: tensors of nothing but 0 and 1 in one thirty-second of their memory, and back, bit for bit.

A block of 2,048 values becomes 64 words; bit b of word j is value 64·b + j, so that both loops run at vector speed.
(With 32 words, they would be unrolled altogether instead, which is several times slower.)
"""

from __future__ import annotations

import numba
import numpy as np
import torch
from torch import Tensor

_WORDS = 64
_BLOCK = 32 * _WORDS
_ONE = np.uint32(0x3F800000)
"""1.0 as a word; 0.0 is 0."""


def pack(x: Tensor) -> Tensor | None:
    """The bits of `x`.

    Args:
        x: one-dimensional and contiguous; compiled for float32 on the CPU, plain torch for any other.

    Returns:
        int32, 64 words for every 2,048 values begun; None where a value is neither 0 nor 1 (−0 is neither).
    """
    if not (x.dtype == torch.float32 and x.device.type == "cpu"):
        return pack_reference(x)
    bits = torch.empty(-(-x.numel() // _BLOCK) * _WORDS, dtype=torch.int32)
    whole = _pack(x.detach().numpy().view(np.uint32), bits.numpy().view(np.uint32))
    return bits if whole else None


def unpack(bits: Tensor, like: Tensor) -> Tensor:
    """Write the values back into `like`, which is one-dimensional and contiguous, and return it."""
    if not (like.dtype == torch.float32 and like.device.type == "cpu"):
        return unpack_reference(bits, like)
    _unpack(bits.numpy().view(np.uint32), like.detach().numpy().view(np.uint32))
    return like


def pack_reference(x: Tensor) -> Tensor | None:
    """:func:`pack` in plain torch, for every device and dtype."""
    if bool((((x != 0) & (x != 1)) | torch.signbit(x)).any()):
        return None
    planes = torch.nn.functional.pad(x, (0, -len(x) % _BLOCK)).view(-1, 32, _WORDS)
    place = torch.arange(32, device=x.device, dtype=torch.int64).view(1, 32, 1)
    words = (planes.to(torch.int64) << place).sum(1)
    return torch.where(words < 1 << 31, words, words - (1 << 32)).to(torch.int32).flatten()


def unpack_reference(bits: Tensor, like: Tensor) -> Tensor:
    """:func:`unpack` in plain torch, for every device and dtype."""
    place = torch.arange(32, device=bits.device, dtype=torch.int32).view(1, 32, 1)
    planes = (bits.view(-1, 1, _WORDS) >> place) & 1
    return like.copy_(planes.flatten()[: len(like)])


@numba.njit(cache=True, nogil=True)
def _pack(x, bits):  # type: ignore[no-untyped-def]
    """Whether all of x is 0 or 1; stops at the first block where it is not."""
    tail = np.zeros(_BLOCK, np.uint32)
    for block in range(len(bits) // _WORDS):
        start = block * _BLOCK
        values = x[start : start + _BLOCK]
        if len(values) < _BLOCK:
            tail[: len(values)] = values
            values = tail
        wrong = np.uint32(0)
        for i in range(_BLOCK):
            wrong |= np.uint32(values[i] != 0) & np.uint32(values[i] != _ONE)
        if wrong:
            return False
        _planes_to_words(values, bits[block * _WORDS : (block + 1) * _WORDS])
    return True


@numba.njit(inline="always")
def _planes_to_words(values, words):  # type: ignore[no-untyped-def]
    """Bit 23 of 1.0 is set, of 0.0 it is not."""
    words[:] = 0
    planes = values.reshape(32, _WORDS)
    for b in range(32):
        for j in range(_WORDS):
            words[j] |= np.uint32(((planes[b, j] >> np.uint32(23)) & np.uint32(1)) << np.uint32(b))


@numba.njit(cache=True, nogil=True)
def _unpack(bits, x):  # type: ignore[no-untyped-def]
    whole = len(x) // _BLOCK
    tail = np.empty(_BLOCK, np.uint32)
    for block in range(whole):
        _words_to_planes(bits[block * _WORDS : (block + 1) * _WORDS], x[block * _BLOCK : (block + 1) * _BLOCK])
    if whole * _BLOCK < len(x):
        _words_to_planes(bits[whole * _WORDS :], tail)
        x[whole * _BLOCK :] = tail[: len(x) - whole * _BLOCK]


@numba.njit(inline="always")
def _words_to_planes(words, values):  # type: ignore[no-untyped-def]
    planes = values.reshape(32, _WORDS)
    for b in range(32):
        bit = np.uint32(np.uint32(1) << np.uint32(b))
        for j in range(_WORDS):
            planes[b, j] = _ONE if words[j] & bit else np.uint32(0)
