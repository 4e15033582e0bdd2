"""Operations that only move values: any of them is run once on places instead of values, and so says where each went.

Every value of the network has a place, a whole number from 1 on; 0 is a value that is always zero. A slice, a
permutation, a padding with zeros, an upsampling by repetition give places again, and a chain of them is one table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, final

import torch
from torch import Tensor

from picojoule.ir import Flatten, Node, Rewire


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
        """The places of a node's values, float64 ``[batch, *shape]`` (whole numbers), the same for every sample."""
        if node not in self._first:
            self._first[node], self._shape[node] = self._next, tuple(shape)
            self._next += prod(shape)
        first = self._first[node]
        sample = torch.arange(first, first + prod(shape), dtype=torch.float64).view(1, *shape)
        return sample.expand(self._batch, *shape).clone()

    def moved(self, move: Callable[[Callable[[Tensor], Tensor]], Any]) -> Any:
        """The places after an operation.

        Args:
            move: runs the operation on places to which the function it is given has been applied.

        Raises:
            NoMove: it does more than move values.
        """
        samples = torch.arange(self._batch, dtype=torch.float64)

        def told_apart(places: Tensor) -> Tensor:
            """The places of sample b, raised by b times as many as there are."""
            shift = (samples * self._next).view(-1, *[1] * (places.dim() - 1))
            return torch.where(places > 0, places + shift, places)

        plain, doubled, apart = (move(each) for each in (lambda places: places, lambda places: 2 * places, told_apart))
        several = isinstance(plain, (tuple, list))
        for one, two, three in zip(plain, doubled, apart, strict=True) if several else ((plain, doubled, apart),):
            if one.dim() == 0 or len(one) != self._batch or not torch.equal(three, told_apart(one)):
                raise NoMove("it moves values between samples")
            if not torch.equal(two, 2 * one) or not torch.equal(one, one.round()):
                raise NoMove("it changes values")
        return plain

    def node(self, name: str, places: Tensor) -> Node | str:
        """The node that gathers these places from the nodes they are of; its name where that is a node's own output."""
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
