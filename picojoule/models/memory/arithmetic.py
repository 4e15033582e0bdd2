"""What a memory network computes with: floating point, or fixed point in every place where the released code has it.

The network is written once; an arithmetic says what each of its steps is. Shapes: g tasks, b questions, l memories,
s lanes, e values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.quant import Fixed, Gauge, Grid, Hamming, binary, products, stack, through

SIMILARITIES = ("dot", "hamming", "cosine")
COSINE_SHARPNESS = 8.0
"""β of exp(β·cos): without it a bounded measure could not choose among memories. Ours."""
_HAMMING = Hamming()


class Arithmetic(ABC):
    """How the steps of a network are computed.

    A name says which tensor it is, for whoever counts what is lost.
    """

    @abstractmethod
    def formats(self, hops: int) -> tuple[int, ...]:
        """Which weight format each hop has; hops of one format share their memories."""

    @abstractmethod
    def weight(self, w: Tensor, hop: int, name: str) -> Tensor:
        """Weights ``[g, d, s, e]`` as they are multiplied with."""

    @abstractmethod
    def embedded(self, x: Tensor, hop: int, name: str) -> Tensor:
        """Sums of embedded words ``[g, n, s, e]`` as they are kept."""

    @abstractmethod
    def address(self, x: Tensor, name: str) -> Tensor:
        """Memories or key in the format of addressing."""

    @abstractmethod
    def similarity(self, m: Tensor, u: Tensor) -> Tensor:
        """z ``[g, b, l, s]`` of memories ``[g, b, l, s, e]`` and key ``[g, b, s, e]``."""

    @abstractmethod
    def read(self, p: Tensor, c: Tensor) -> Tensor:
        """o ``[g, b, s, e]``, the mean of contents ``[g, b, l, s, e]`` weighted by p ``[g, b, l, s]``."""

    @abstractmethod
    def transform(self, h: Tensor, u: Tensor, hop: int) -> Tensor:
        """H·u ``[g, b, s, e]`` for H ``[g, s, e_in, e_out]``."""

    @abstractmethod
    def add(self, o: Tensor, h: Tensor) -> Tensor:
        """The next key."""


@final
@dataclass(frozen=True)
class Float(Arithmetic):
    """Floating point. ``similarity`` is ``dot`` or ``cosine``."""

    measure: str = "dot"

    def __post_init__(self) -> None:
        if self.measure not in ("dot", "cosine"):
            raise InputError(f"the similarity {self.measure!r}", where="Float", remedy="give dot or cosine")

    def formats(self, hops: int) -> tuple[int, ...]:
        return (0,) * hops

    def weight(self, w: Tensor, hop: int, name: str) -> Tensor:
        return w

    def embedded(self, x: Tensor, hop: int, name: str) -> Tensor:
        return x

    def address(self, x: Tensor, name: str) -> Tensor:
        return x

    def similarity(self, m: Tensor, u: Tensor) -> Tensor:
        z = (m * u.unsqueeze(2)).sum(-1)
        return z if self.measure == "dot" else z * _sharpness(m, u)

    def read(self, p: Tensor, c: Tensor) -> Tensor:
        return (p.unsqueeze(-1) * c).sum(2)

    def transform(self, h: Tensor, u: Tensor, hop: int) -> Tensor:
        return torch.matmul(u.transpose(1, 2), h).transpose(1, 2)

    def add(self, o: Tensor, h: Tensor) -> Tensor:
        return o + h


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Quantised(Arithmetic):
    """Fixed point: every product is truncated before it is summed, every sum once at its end. Softmax and the answer
    layer stay in floating point.

    Attributes:
        lanes: the base format of each lane.
        measure: ``dot``, ``hamming`` or ``cosine``.
        hamming: the settings of the Hamming measure.
        control: memory-controller quantisation control: the point of the weights moves from hop to hop, so that an
            error does not repeat itself: one bit to the right in the first hop, one to the left in the last.
        binary_weights: embeddings and H are ±1 times the mean of their sizes; the rest stays in the base format.
        gauge: counts what is lost, if given.
    """

    lanes: tuple[Fixed, ...]
    measure: str = "dot"
    hamming: Hamming = _HAMMING
    control: bool = False
    binary_weights: bool = False
    gauge: Gauge | None = None

    def __post_init__(self) -> None:
        if self.measure not in SIMILARITIES:
            remedy = f"give one of {', '.join(SIMILARITIES)}"
            raise InputError(f"the similarity {self.measure!r}", where="Quantised", remedy=remedy)

    def formats(self, hops: int) -> tuple[int, ...]:
        if not self.control or self.binary_weights:
            return (0,) * hops
        return tuple(1 if hop == 0 else -1 if hop == hops - 1 else 0 for hop in range(hops))

    def weight(self, w: Tensor, hop: int, name: str) -> Tensor:
        if self.binary_weights:
            return binary(w) * w.detach().abs().mean((1, 3), keepdim=True)
        return self._put(w, hop, name)

    def embedded(self, x: Tensor, hop: int, name: str) -> Tensor:
        return self._put(x, hop, name)

    def address(self, x: Tensor, name: str) -> Tensor:
        return self._put(x, 0, name)

    def similarity(self, m: Tensor, u: Tensor) -> Tensor:
        rows, keys, grid = m.flatten(0, 1), u.flatten(0, 1), _grid(self.lanes, 0, m.device)
        if self.measure == "hamming":
            z = self.hamming.similarity(rows, keys, grid).view(m.shape[:-1])
        else:
            self._count_products("similarity products", rows, keys.unsqueeze(1))
            z = products.dot(rows, keys, grid).view(m.shape[:-1])
            z = z if self.measure == "dot" else z * _sharpness(m, u)
        return self._put_last(z, "similarity")

    def read(self, p: Tensor, c: Tensor) -> Tensor:
        p, c = self._put_last(p, "attention"), self._put(c, 0, "contents in base")
        self._count_products("read products", p.unsqueeze(-1), c)
        o = products.weighted(p.flatten(0, 1), c.flatten(0, 1), _grid(self.lanes, 0, p.device))
        return self._put(o.unflatten(0, p.shape[:2]), 0, "read")

    def transform(self, h: Tensor, u: Tensor, hop: int) -> Tensor:
        weights = self.weight(h.transpose(1, 2), hop, "H")  # [g, in, s, out]
        return self._put(products.matrix(u, weights, _grid(self.lanes, hop, u.device)), hop, "H·u")

    def add(self, o: Tensor, h: Tensor) -> Tensor:
        return self._put(o + self._put(h, 0, "H·u in base"), 0, "key")

    def _put(self, x: Tensor, hop: int, name: str) -> Tensor:
        """Quantise ``[..., lanes, values]`` in the format that `hop` moves to."""
        grid = _grid(self.lanes, hop, x.device)
        q = through(x, grid)
        if self.gauge is not None and self.gauge.wants(name):
            self.gauge.add(name, x, q, grid)
        return q

    def _count_products(self, name: str, a: Tensor, b: Tensor) -> None:
        if self.gauge is not None and self.gauge.wants(name):
            self._put(a * b, 0, name)

    def _put_last(self, x: Tensor, name: str) -> Tensor:
        """Quantise ``[..., lanes]``."""
        grid = _grid(self.lanes, 0, x.device)
        if self.gauge is not None and self.gauge.wants(name):
            self.gauge.add(name, x.unsqueeze(-1), grid.column().quantise(x.detach()).unsqueeze(-1), grid)
        return through(x, grid.column())


@cache
def _grid(lanes: tuple[Fixed, ...], moved: int, device: torch.device) -> Grid:
    return stack([each.moved(moved) for each in lanes], device)


def _sharpness(m: Tensor, u: Tensor) -> Tensor:
    """β/(‖m‖·‖u‖) ``[g, b, l, s]``."""
    sizes = m.square().sum(-1) * u.square().sum(-1).unsqueeze(2)
    return COSINE_SHARPNESS * torch.rsqrt(sizes + _TINY)


_TINY = 1e-6
