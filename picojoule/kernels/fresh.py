"""Memory for large results, kept for the next: touching new pages costs more than the work that fills them."""

from __future__ import annotations

import ctypes
import mmap
import weakref
from collections import deque
from contextlib import suppress

import numpy as np
import torch
from torch import Tensor

_PAGE = 1 << 21
"""Bytes of a large page."""
_LARGE = 2 * _PAGE
"""Bytes from which it pays. Smaller memory has its pages from what was freed before."""
_MOST = 1 << 25
"""Bytes of a result up to which its memory is kept; the latest four are."""
_kept: deque[mmap.mmap] = deque(maxlen=4)


def fresh_like(x: Tensor) -> Tensor:
    """An uninitialised tensor like `x`; a large one on the CPU where an earlier one was that nobody holds any longer.

    New memory is in large pages. Only Linux has these; elsewhere it is an ordinary tensor.

    Args:
        x: any tensor; strides are kept where its values lie close together, as by ``torch.empty_like``.
    """
    if x.nbytes < _LARGE or x.device.type != "cpu" or not hasattr(mmap, "MADV_HUGEPAGE"):
        return torch.empty_like(x, requires_grad=False)
    plain = torch.empty_like(x, device="meta")
    block = _block(-(-plain.nbytes // _PAGE) * _PAGE + _PAGE)
    before = -ctypes.addressof(ctypes.c_char.from_buffer(block)) % _PAGE
    room = np.frombuffer(block, np.uint8, plain.nbytes, before)
    if plain.nbytes <= _MOST:
        weakref.finalize(room, _kept.append, block)
    storage = torch.from_numpy(room).untyped_storage()
    return x.new_empty(0, requires_grad=False).set_(storage, 0, plain.shape, plain.stride())  # not a view


def _block(size: int) -> mmap.mmap:
    """Memory of so many bytes: the latest that is kept, or new."""
    for block in reversed(tuple(_kept)):
        if len(block) == size:
            try:
                _kept.remove(block)
            except ValueError:  # another thread has it
                continue
            return block
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # a forked child has its own
    with suppress(OSError):  # large pages are advice, and may be refused
        block.madvise(mmap.MADV_HUGEPAGE)
    return block
