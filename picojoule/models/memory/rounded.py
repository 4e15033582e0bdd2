"""What a user would run instead: a network trained in floating point, then put into few bits with wide accumulators.

Weights and activations are rounded to the nearest step of a grid whose range is that of the tensor itself, as dynamic
quantisation of deep-learning libraries has it; sums, softmax and answers are not rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from torch import Tensor

from picojoule.models.memory.arithmetic import Arithmetic, Float
from picojoule.quant import on_grid


@final
@dataclass(frozen=True)
class Rounded(Arithmetic):
    """Integers of so many bits."""

    bits: int = 8

    def formats(self, hops: int) -> tuple[int, ...]:
        return (0,) * hops

    def weight(self, w: Tensor, hop: int, name: str) -> Tensor:
        return self._round(w, (1, 3))

    def embedded(self, x: Tensor, hop: int, name: str) -> Tensor:
        return self._round(x, (1, 3))

    def address(self, x: Tensor, name: str) -> Tensor:
        return self._round(x, (*range(1, x.dim() - 2), x.dim() - 1))

    def similarity(self, m: Tensor, u: Tensor) -> Tensor:
        return _EXACT.similarity(m, u)

    def read(self, p: Tensor, c: Tensor) -> Tensor:
        return self._round(_EXACT.read(self._round(p, (1, 2)), c), (1, 3))

    def transform(self, h: Tensor, u: Tensor, hop: int) -> Tensor:
        return _EXACT.transform(self._round(h, (2, 3)), u, hop)

    def add(self, o: Tensor, h: Tensor) -> Tensor:
        return self._round(o + h, (1, 3))

    def _round(self, x: Tensor, over: tuple[int, ...]) -> Tensor:
        """On a grid of its own for each task and lane: `over` are the other axes."""
        largest = 2 ** (self.bits - 1) - 1
        step = x.abs().amax(over, keepdim=True).clamp(min=1e-12) / largest
        return on_grid(x, step, -largest, largest)


_EXACT = Float()
