"""Memory for a large result: asked for in large pages, because touching new pages costs more than the work in them."""

from __future__ import annotations

import ctypes
import mmap

import torch
from torch import Tensor

_LARGE = 1 << 22
"""Bytes from which it pays. Smaller memory is mostly memory that was freed before, and has its pages."""

_HUGE: int | None = getattr(mmap, "MADV_HUGEPAGE", None)
_LIBRARY = ctypes.CDLL(None) if _HUGE is not None else None


def fresh_like(x: Tensor) -> Tensor:
    """An uninitialised tensor like `x`; a large one on the CPU in large pages, where the system offers them.

    Advice to the system and nothing more: refused or unknown, the tensor is an ordinary one.
    """
    result = torch.empty_like(x, requires_grad=False)
    if _LIBRARY is not None and result.nbytes >= _LARGE and result.device.type == "cpu":
        start = -(-result.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
        length = (result.data_ptr() + result.nbytes - start) // mmap.PAGESIZE * mmap.PAGESIZE
        _LIBRARY.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), ctypes.c_int(_HUGE))
    return result
