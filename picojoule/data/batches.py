"""Whatever users hand us as data, as batches of tensors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from picojoule.base.errors import DataError


def batches(data: Any, size: int, limit: int | None = None) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Batches ``(inputs, labels)`` of at most `size` samples; labels are None where the data has none.

    Args:
        data: a tensor of inputs; a pair of tensors (inputs, labels); anything with a ``batches(size)`` method
            (picojoule's ``Images``); a torch ``Dataset``; a ``DataLoader`` or another iterable of batches, whose
            own batch size is kept.
        size: samples a batch.
        limit: at most so many samples in all.

    Raises:
        DataError: the data is none of these, or empty, or can be gone through only once.
    """
    if size < 1:
        raise DataError(f"a batch of {size}", where="data", remedy="use batches of at least one sample")
    seen = 0
    for batch in _raw(data, size):
        inputs, labels = _parts(batch)
        if not isinstance(inputs, Tensor):
            raise _wrong(f"a batch of type {type(inputs).__name__}")
        left = len(inputs) if limit is None else limit - seen
        if len(inputs):
            yield inputs[:left], labels if labels is None else labels[:left]
        seen += len(inputs)
        if limit is not None and seen >= limit:
            return
    if not seen:
        raise DataError("there is no sample", where="data", remedy="give at least one")


def _parts(batch: Any) -> tuple[Any, Any]:
    """Inputs and labels of a batch; a batch of one part has no labels."""
    paired = isinstance(batch, (tuple, list)) and 1 <= len(batch) <= 2
    return (batch[0], batch[1] if len(batch) == 2 else None) if paired else (batch, None)


def _raw(data: Any, size: int) -> Iterable[Any]:
    if isinstance(data, Tensor):
        return data.split(size)
    if isinstance(data, (tuple, list)) and len(data) == 2 and all(isinstance(part, Tensor) for part in data):
        if len(data[0]) != len(data[1]):
            raise _wrong(f"a pair of {len(data[0])} inputs and {len(data[1])} labels")
        return zip(data[0].split(size), data[1].split(size), strict=True)
    if hasattr(data, "batches"):
        return data.batches(size)
    if isinstance(data, DataLoader):
        return data
    if isinstance(data, Dataset):
        return DataLoader(data, batch_size=size)
    if isinstance(data, Iterator):
        raise _wrong(f"a {type(data).__name__}, which can be gone through only once")
    if isinstance(data, Iterable):
        return data
    raise _wrong(f"data of type {type(data).__name__}")


def inputs(data: Any, size: int, limit: int | None = None) -> Iterator[Tensor]:
    """Batches of inputs alone, of at most `limit` samples in all."""
    for x, _ in batches(data, size, limit):
        yield x


def first(data: Any) -> Tensor:
    """One sample as a batch of one."""
    return next(islice(inputs(data, 1), 1))[:1]


def _wrong(what: str) -> DataError:
    return DataError(
        what,
        where="data",
        remedy="give a tensor, a pair (inputs, labels), a torch Dataset or a DataLoader of such pairs",
    )


def collect(data: Any, size: int, limit: int) -> Tensor:
    """The first `limit` inputs in one tensor."""
    return torch.cat(list(inputs(data, size, limit)))
