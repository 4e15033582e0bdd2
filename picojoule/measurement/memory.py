"""Peak memory of a computation: bytes of tensors that are alive at once, the same on every machine."""

from __future__ import annotations

import weakref
from collections import Counter
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from picojoule.measurement.threads import on_threads


class PeakMemory(TorchDispatchMode):
    """Counts the bytes of tensors made inside the ``with`` block and still alive; keeps the largest sum.

    Storage shared by several tensors counts once. What existed before (weights, inputs) does not count.

    Attributes:
        peak: largest number of bytes alive at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._alive = 0
        self._holders: Counter[int] = Counter()
        self._given: set[int] = set()

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        for value in tree_leaves((arguments, keywords)):
            if isinstance(value, Tensor) and _key(value) not in self._holders:
                self._given.add(_key(value))
        result = function(*arguments, **(keywords or {}))
        for value in tree_leaves(result):
            if isinstance(value, Tensor):
                self._hold(value)
        return result

    def _hold(self, tensor: Tensor) -> None:
        key, size = _key(tensor), tensor.untyped_storage().nbytes()
        if key in self._given:
            return
        if not self._holders[key]:
            self._alive += size
            self.peak = max(self.peak, self._alive)
        self._holders[key] += 1
        weakref.finalize(tensor, self._release, key, size)

    def _release(self, key: int, size: int) -> None:
        self._holders[key] -= 1
        if not self._holders[key]:
            del self._holders[key]
            self._alive -= size


def _key(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def peak_bytes(function: Any, *arguments: Any, **keywords: Any) -> int:
    """Peak memory of one call on one thread: an engine that runs samples on several holds as much again for each."""
    with on_threads(1), torch.no_grad(), PeakMemory() as memory:
        function(*arguments, **keywords)
    return memory.peak
