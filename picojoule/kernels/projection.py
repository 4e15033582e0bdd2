"""Where an event lands: a weight layer as tables that a compiled kernel walks event by event.

An event of amount a at position p and channel c of the source adds ``a·w`` to the membranes it reaches. With
channels innermost, the outputs that one row of a kernel reaches are neighbours in memory, so an event is a few
*runs*: contiguous stretches of weights added to contiguous stretches of membranes. The membranes have a margin wide
enough for every run, so nothing is tested at a border. Strides, dilations, groups, one or two dimensions and linear
layers differ only in their tables (:mod:`picojoule.engines.projecting` fills them).
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor


class Stream(NamedTuple):
    """Events over a block of steps, in order of time; compiled kernels get it as arrays.

    Attributes:
        bounds: int64 ``[steps + 1]``: the events of step t are ``bounds[t] … bounds[t+1] − 1``.
        where: int32, the value of the source that emitted, counted with channels innermost.
        amount: what it emitted, in the network's number type.
    """

    bounds: Tensor
    where: Tensor
    amount: Tensor

    @property
    def steps(self) -> int:
        """Steps of the block."""
        return len(self.bounds) - 1

    @property
    def number(self) -> int:
        """Events in all steps."""
        return int(self.bounds[-1] - self.bounds[0])

    def part(self, start: int, stop: int) -> Stream:
        """The steps start … stop − 1; shares memory."""
        return self._replace(bounds=self.bounds[start : stop + 1])

    @property
    def arrays(self) -> Stream:
        """The same memory as arrays, for a compiled kernel."""
        return Stream(*(each.numpy() for each in self))

    @staticmethod
    def room(steps: int, most: int, dtype: torch.dtype) -> Stream:
        """Space for at most so many events."""
        return Stream(
            torch.zeros(steps + 1, dtype=torch.int64),
            torch.empty(most, dtype=torch.int32),
            torch.empty(most, dtype=dtype),
        )


class Projection(NamedTuple):
    """The tables of one weight layer.

    Attributes:
        weights: all runs of all source channels.
        channels: int64, source channels C; the value ``i`` is channel ``i mod C`` of position ``i div C``.
        target: int64 ``[positions]``, the membrane that offset 0 of a position's runs means.
        first: int64 ``[positions]``, where the weights of the position's channel 0 begin.
        phase: int64 ``[positions]``, which set of runs the position has (its place within a stride).
        shift: int64 ``[C]``, added to the membrane: where the outputs of the channel's group begin.
        pitch: int64 ``[phases]``, weights of one source channel.
        bounds: int64 ``[phases + 1]``, the runs of a phase.
        offset: int64 ``[runs]``, where a run begins, relative to ``target``.
        length: int64 ``[phases]``, length of each run of the phase.
    """

    weights: np.ndarray
    channels: int
    target: np.ndarray
    first: np.ndarray
    phase: np.ndarray
    shift: np.ndarray
    pitch: np.ndarray
    bounds: np.ndarray
    offset: np.ndarray
    length: np.ndarray


@numba.njit(inline="always")
def scatter(where, amount, start, stop, projection, v):  # type: ignore[no-untyped-def]
    """v += Σ amount·weights over the events start … stop − 1. Unsigned indices: none can mean "from the end"."""
    channels = np.uint64(projection.channels)
    for e in range(start, stop):
        i, a = np.uint64(where[e]), amount[e]
        p = i // channels
        c = i - p * channels
        phase = projection.phase[p]
        weight = np.uint64(projection.first[p] + np.int64(c) * projection.pitch[phase])
        target, length = projection.target[p] + projection.shift[c], np.uint64(projection.length[phase])
        for run in range(projection.bounds[phase], projection.bounds[phase + 1]):
            to = np.uint64(target + projection.offset[run])
            for j in range(length):
                v[to + j] += a * projection.weights[weight + j]
            weight += length


def scatter_reference(stream: Stream, step: int, projection: Projection, v: Tensor) -> None:
    """:func:`scatter` of one step in plain torch, one event after the other; v ``[membranes]`` is changed."""
    weights = torch.as_tensor(projection.weights).to(v)
    for e in range(int(stream.bounds[step]), int(stream.bounds[step + 1])):
        p, c = divmod(int(stream.where[e]), projection.channels)
        phase = projection.phase[p]
        weight, length = int(projection.first[p] + c * projection.pitch[phase]), int(projection.length[phase])
        for run in range(projection.bounds[phase], projection.bounds[phase + 1]):
            to = int(projection.target[p] + projection.shift[c] + projection.offset[run])
            v[to : to + length] += float(stream.amount[e]) * weights[weight : weight + length]
            weight += length


def scale(stream: Stream, gains: Tensor) -> Stream:
    """The same events, each amount times the gain ``[values]`` of its value."""
    found = int(stream.bounds[-1])
    return stream._replace(amount=stream.amount[:found] * gains[stream.where[:found]])


def from_frames(frames: Tensor) -> Stream:
    """The values that are not zero of ``[steps, values]``, as events."""
    t, where = frames.nonzero(as_tuple=True)
    bounds = torch.zeros(len(frames) + 1, dtype=torch.int64)
    torch.cumsum(torch.bincount(t.cpu(), minlength=len(frames)), 0, out=bounds[1:])
    return Stream(bounds, where.int().cpu(), frames[t, where].cpu())


def to_frames(stream: Stream, values: int) -> Tensor:
    """Events as ``[steps, values]``; amounts of the same value in the same step are added."""
    mine = slice(int(stream.bounds[0]), int(stream.bounds[-1]))
    step = torch.arange(stream.steps).repeat_interleave(stream.bounds.diff())
    frames = stream.amount.new_zeros(stream.steps * values)
    return frames.index_add_(0, step * values + stream.where[mine], stream.amount[mine]).view(stream.steps, values)
