"""Operations that only move values: any of them is run once on places instead of values, and so says where each went.

Every value of the network has a place, a whole number from 1 on; 0 is a value that is always zero. A slice, a
permutation, a padding with zeros, an upsampling by repetition give places again, and a chain of them is one table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any, final

import torch
from torch import Tensor

from picojoule.ir import Flatten, Node, Rewire

_SAMPLE = 2.0**40
"""How far the places of one sample are from those of the next."""


class NoMove(Exception):
    """An operation that does more than move values, or moves them between samples; the text says what."""


@final
class Places:
    """The places of all values of a network that is being built.

    Args:
        batch: samples of the batches that places come in.
    """

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._first: dict[str, int] = {}
        self._shape: dict[str, tuple[int, ...]] = {}
        self._next = 1

    def of(self, node: str, shape: Sequence[int]) -> Tensor:
        """The places of a node's values, float64 ``[batch, *shape]`` (whole numbers); each sample has its own."""
        if node not in self._first:
            self._first[node], self._shape[node] = self._next, tuple(shape)
            self._next += prod(shape)
        first = self._first[node]
        sample = torch.arange(first, first + prod(shape), dtype=torch.float64).view(1, *shape)
        return torch.cat([sample + b * _SAMPLE for b in range(self._batch)])

    def moved(self, move: Callable[[Callable[[Tensor], Tensor]], Any]) -> Any:
        """The places after an operation.

        Args:
            move: runs the operation on places to which the function it is given has been applied.

        Raises:
            NoMove: it does more than move values.
        """
        plain, doubled = (move(each) for each in (lambda places: places, lambda places: 2 * places))
        several = isinstance(plain, (tuple, list))
        for one, two in zip(plain, doubled, strict=True) if several else ((plain, doubled),):
            if not torch.equal(two, 2 * one) or not torch.equal(one, one.round()):
                raise NoMove("it changes values")
            if not any(self._is_of_samples(one, axis) for axis in range(one.dim())):
                raise NoMove("it moves values between samples")
        return plain

    def _is_of_samples(self, places: Tensor, axis: int) -> bool:
        """True where an axis is the samples', each with the same places."""
        if places.shape[axis] != self._batch:
            return False
        first, *others = places.movedim(axis, 0)
        shifts = [torch.where(first > 0, b * _SAMPLE, 0) for b in range(1, self._batch)]
        return bool((first < _SAMPLE).all()) and all(
            torch.equal(other, first + shift) for other, shift in zip(others, shifts, strict=True)
        )

    def node(self, name: str, places: Tensor) -> Node | str:
        """The node that gathers these places from the nodes they are of; its name where that is a node's own output.

        Raises:
            NoMove: the samples are not its first axis.
        """
        if not self._is_of_samples(places, 0):
            raise NoMove("its first axis is not that of the samples")
        sample, names = places[0].long().contiguous(), list(self._first)
        owner = torch.bucketize(sample, torch.tensor(list(self._first.values())), right=True) - 1
        owner[sample == 0] = -1
        sources = [names[each] for each in owner.unique().tolist() if each >= 0]
        index, before = torch.full_like(sample, -1), 0
        for node in sources:
            index = torch.where(owner == names.index(node), sample - self._first[node] + before, index)
            before += prod(self._shape[node])
        flat, shape = index.flatten(), tuple(sample.shape)
        if len(sources) == 1 and torch.equal(flat, torch.arange(before)):
            if shape == self._shape[sources[0]]:
                return sources[0]
            if shape == (before,):
                return Flatten(name=name, inputs=tuple(sources), shape=shape)
        return Rewire(name=name, inputs=tuple(sources), shape=shape, index=flat)


def rewire(name: str, source: str, shape: Sequence[int], move: Callable[[Tensor], Tensor]) -> Rewire:
    """A node that moves the values of one node of a `shape` as the function does those of a batch of one."""
    moved = move(torch.arange(1, prod(shape) + 1, dtype=torch.float64).view(1, *shape))[0].long() - 1
    return Rewire(name=name, inputs=(source,), shape=tuple(moved.shape), index=moved.flatten())


def in_order(node: Rewire, sources: Sequence[Node]) -> bool:
    """True where it gives all values of one node in their order, in whatever shape."""
    return len(sources) == 1 and torch.equal(node.index.cpu(), torch.arange(sources[0].size))


def wired(name: str, shape: Sequence[int], parts: Iterable[tuple[Node, Tensor]]) -> Rewire:
    """A node that gathers values of several nodes, each of which it reads once.

    Args:
        name, shape: of the node.
        parts: nodes, each with the place in it of every value ``[prod(shape)]``; −1 where the value is none of its.
    """
    index, first, room = torch.full((prod(shape),), -1), dict[str, int](), 0
    for source, places in parts:
        if source.name not in first:
            first[source.name], room = room, room + source.size
        index = torch.where(places >= 0, places + first[source.name], index)
    return Rewire(name=name, inputs=tuple(first), shape=tuple(shape), index=index)
