"""What a network keeps for its backward pass, with spikes kept as bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.kernels import bits

_SMALLEST = 1024
"""Values below which there is nothing to gain; it also leaves the scales of a normalisation, often all ones, alone."""


@final
@dataclass(slots=True)
class Kept:
    """A running count of what :func:`packed_spikes` has packed.

    Attributes:
        tensors: how many were packed.
        full_bytes: what they would have taken.
        packed_bytes: what they take.
    """

    tensors: int = 0
    full_bytes: int = 0
    packed_bytes: int = 0


class _Packed(NamedTuple):
    """Bits, and a tensor of the original's shape and strides that takes no memory."""

    bits: Tensor
    form: Tensor


class _Whole(NamedTuple):
    """A tensor kept as it is, without its history (a result that kept itself would never be freed), and its version."""

    x: Tensor
    version: int


@contextmanager
def packed_spikes() -> Iterator[Kept]:
    """Within, every tensor of zeros and ones that autograd saves for backward is saved as bits.

    A layer after spiking neurons keeps its input for the gradient of its weights; here it takes 1/32 of the memory.
    What to pack is decided by value and undone bit for bit, so gradients are exactly the same, and pooled spikes and
    other people's neurons profit as well. Only the forward pass needs to be inside.

    Yields:
        Kept: a count of the bytes.
    """
    kept = Kept()

    def pack(x: Tensor) -> _Whole | _Packed:
        flat = _flat(x) if x.is_floating_point() and x.numel() >= _SMALLEST and x.layout == torch.strided else None
        words = None if flat is None else bits.pack(flat)
        if words is None:
            return _Whole(x.detach(), x._version)
        kept.tensors += 1
        kept.full_bytes += x.nbytes
        kept.packed_bytes += words.nbytes
        return _Packed(words, _form(x))

    with torch.autograd.graph.saved_tensors_hooks(pack, _unpack):
        yield kept


def _unpack(saved: _Whole | _Packed) -> Tensor:
    if isinstance(saved, _Whole):
        if saved.x._version != saved.version:  # torch checks this itself only without hooks
            raise InputError(
                f"a tensor of shape {list(saved.x.shape)} that the gradient needs was changed by an inplace operation",
                where="packed_spikes",
                remedy="change a copy of it instead",
            )
        return saved.x
    x = torch.empty_strided(saved.form.shape, saved.form.stride(), dtype=saved.form.dtype, device=saved.bits.device)
    bits.unpack(saved.bits, _flat(x))
    return x


def _form(x: Tensor) -> Tensor:
    return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device="meta")


def _flat(x: Tensor) -> Tensor | None:
    """The memory of `x` as one row, where it is one piece without gaps (in whatever order of dimensions)."""
    dense = x.is_contiguous() or torch.empty_like(x, device="meta").stride() == x.stride()
    return x.detach().as_strided((x.numel(),), (1,)) if dense else None
