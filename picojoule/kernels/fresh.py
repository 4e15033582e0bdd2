"""Memory for a large result: in large pages, because touching new small ones costs more than the work in them."""

from __future__ import annotations

import ctypes
import mmap

import torch
from torch import Tensor

_PAGE = 1 << 21
"""Bytes of a large page."""
_LARGE = 2 * _PAGE
"""Bytes from which it pays. Smaller memory is mostly memory that was freed before, and has its pages."""

_HUGE: int | None = getattr(mmap, "MADV_HUGEPAGE", None)
_LIBRARY = ctypes.CDLL(None) if _HUGE is not None else None


def fresh_like(x: Tensor) -> Tensor:
    """An uninitialised tensor like `x`; a large one on the CPU in large pages, where the system offers them.

    It begins at a page, so its storage is a page longer than it is; what is before it and behind is never touched.
    Advice to the system and nothing more: refused or unknown, the tensor is an ordinary one.

    Args:
        x: any tensor; strides are kept where its values lie close together, as by ``torch.empty_like``.
    """
    if _LIBRARY is None or x.nbytes < _LARGE or x.device.type != "cpu":
        return torch.empty_like(x, requires_grad=False)
    plain, size = torch.empty_like(x, device="meta"), x.element_size()
    room = torch.empty(plain.numel() + _PAGE // size, dtype=x.dtype)
    before = -room.data_ptr() % _PAGE
    start, length = room.data_ptr() + before, plain.nbytes // mmap.PAGESIZE * mmap.PAGESIZE
    _LIBRARY.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), ctypes.c_int(_HUGE))
    return room.new_empty(0).set_(room.untyped_storage(), before // size, plain.shape, plain.stride())  # not a view
