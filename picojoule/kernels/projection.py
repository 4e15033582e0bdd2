"""Where an event lands: a weight layer as tables that a compiled kernel walks event by event.

An event of amount a at position p and channel c of the source adds ``a·w`` to the membranes it reaches. With
channels innermost, the outputs that one row of a kernel reaches are neighbours in memory, so an event is a few
*runs*: contiguous stretches of weights added to contiguous stretches of membranes. The membranes have a margin wide
enough for every run, so nothing is tested at a border. Strides, dilations, groups, one or two dimensions and linear
layers differ only in their tables (:mod:`picojoule.engines.projecting` fills them).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from picojoule.kernels.slide import NO_SLIDE, Slide, reach, slide
from picojoule.kernels.window import NO_WINDOW, Window, begins, gather, position


class Stream(NamedTuple):
    """Events of some samples over some steps, sample by sample and in order of time.

    Attributes:
        bounds: int64 array ``[samples, steps + 1]``: sample b emits ``bounds[b, t] … bounds[b, t+1] − 1`` at step t.
        where: int32, the value of the source that emitted, counted with channels innermost.
        amount: what it emitted, in the network's number type.
    """

    bounds: np.ndarray
    where: np.ndarray
    amount: np.ndarray

    @property
    def samples(self) -> int:
        """Samples."""
        return self.bounds.shape[0]

    @property
    def steps(self) -> int:
        """Steps."""
        return self.bounds.shape[1] - 1

    @property
    def numbers(self) -> np.ndarray:
        """Events of each sample at each step, int64 ``[samples, steps]``."""
        return self.bounds[:, 1:] - self.bounds[:, :-1]

    def arriving(self, lag: int, steps: int) -> Stream:
        """The events as a receiver meets them whose window opens `lag` steps after the sender's and has `steps` steps.

        What was sent before its window is there at its first step; shares memory.
        """
        if (lag, steps) == (0, self.steps):
            return self
        last = np.minimum(np.arange(steps) + lag + 1, self.steps)
        return self._replace(bounds=np.concatenate([self.bounds[:, :1], self.bounds[:, last]], 1))

    def part(self, start: int, stop: int) -> Stream:
        """The steps start … stop − 1; shares memory."""
        return self._replace(bounds=np.ascontiguousarray(self.bounds[:, start : stop + 1]))

    def trimmed(self) -> Stream:
        """Without the room that was not needed; shares memory."""
        found = int(self.bounds[-1, -1])
        return Stream(self.bounds, self.where[:found], self.amount[:found])

    def grown(self) -> Stream:
        """With room for twice as many events."""
        where, amount = (np.empty(2 * len(each), each.dtype) for each in (self.where, self.amount))
        for large, small in ((where, self.where), (amount, self.amount)):
            large[: len(small)] = small
        return Stream(self.bounds, where, amount)

    @staticmethod
    def joined(parts: Sequence[Stream]) -> Stream:
        """The samples of all parts."""
        before = accumulate((len(part.where) for part in parts), initial=0)
        bounds = [part.bounds + shift for part, shift in zip(parts, before, strict=False)]
        where, amount = (np.concatenate(each) for each in list(zip(*parts, strict=True))[1:])
        return Stream(np.concatenate(bounds), where, amount)

    @staticmethod
    def merged(parts: Sequence[Stream]) -> Stream:
        """The events of all parts, of the same samples and steps; those of a step one part after the other."""
        if len(parts) == 1:
            return parts[0]
        numbers = np.stack([part.numbers for part in parts], -1)  # samples, steps, parts
        flat = numbers.ravel()
        before = np.stack([part.bounds[:, :-1] for part in parts], -1)
        shift = [*accumulate((len(part.where) for part in parts), initial=0)][:-1]
        start = (before + shift).ravel()
        first = flat.cumsum() - flat
        take = np.arange(int(flat.sum())) + (start - first).repeat(flat)
        where, amount = (np.concatenate(each)[take] for each in list(zip(*parts, strict=True))[1:])
        ends = numbers.sum(-1).ravel().cumsum().reshape(len(numbers), -1)
        starts = np.concatenate([[0], ends[:-1, -1]])
        return Stream(np.concatenate([starts[:, None], ends], 1), where, amount)

    def sample(self, b: int) -> Stream:
        """One sample alone; shares memory."""
        start, stop = int(self.bounds[b, 0]), int(self.bounds[b, -1])
        return Stream(self.bounds[b : b + 1] - start, self.where[start:stop], self.amount[start:stop])

    def listed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where each event is from, its sample and its step, int64."""
        numbers = self.numbers
        cell = np.arange(numbers.size).repeat(numbers.ravel())
        return self.where.astype(np.int64), cell // self.steps, cell % self.steps

    @staticmethod
    def gathered(
        sample: np.ndarray, step: np.ndarray, where: np.ndarray, amount: np.ndarray, bounds: tuple[int, ...], size: int
    ) -> Stream:
        """Events in any order, those of one value at one step added up.

        Args:
            sample, step, where, amount: of each event.
            bounds: the shape of the bounds, ``(samples, steps + 1)``.
            size: values of the source.
        """
        samples, steps = bounds[0], bounds[1] - 1
        cells, inverse = np.unique((sample * steps + step) * size + where, return_inverse=True)
        summed = np.bincount(inverse, amount, len(cells)).astype(amount.dtype)
        ends = np.searchsorted(cells, np.arange(1, samples * steps + 1) * size).reshape(samples, steps)
        starts = np.concatenate([[0], ends[:-1, -1]])
        return Stream(np.concatenate([starts[:, None], ends], 1), (cells % size).astype(np.int32), summed)

    @staticmethod
    def room(samples: int, steps: int, most: int, dtype: np.dtype) -> Stream:
        """Space for at most so many events."""
        return Stream(np.zeros((samples, steps + 1), np.int64), np.empty(most, np.int32), np.empty(most, dtype))


_NO_PLACES, _NO_GAINS = np.zeros(0, np.int32), np.zeros(0, np.float32)


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
        slide, window: the same layer position by position or as its outputs see it, where it has one of these forms.
        alone, gain: int32 ``[values]``, the membrane of the only synapse of each value of the source, and its weight
            (0: it has none); both empty where a value has more.
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
    slide: Slide = NO_SLIDE
    window: Window = NO_WINDOW
    alone: np.ndarray = _NO_PLACES
    gain: np.ndarray = _NO_GAINS


_NONE = np.zeros(0, np.int64)
NOWHERE = Projection(np.zeros(0, np.float32), 1, _NONE, _NONE, _NONE, _NONE, _NONE, np.zeros(1, np.int64), _NONE, _NONE)
"""A projection for neurons that no event reaches."""


@numba.njit(inline="always")
def many(events, projection):  # type: ignore[no-untyped-def]
    """Whether so many events are better added position by position, if they are in the order of their places: from
    about one event in two positions on (one in three to one in one, by kernel and channels)."""
    return projection.slide.height + projection.window.height > 0 and 2 * events >= len(projection.target)


@numba.njit(inline="always")
def arrive(where, amount, start, stop, projection, starts, v):  # type: ignore[no-untyped-def]
    """v += Σ amount·weights over the events start … stop − 1, in the way that suits their number.

    `starts` is room for one number a position of the source, and one more.
    """
    if many(stop - start, projection):
        if projection.slide.height:
            start = slide(where, amount, start, stop, projection.channels, projection.slide, v)
        else:
            room = starts[: len(projection.target) + 1]
            if begins(where, start, stop, projection.channels, room):
                gather(where, amount, projection.channels, projection.window, room, v)
                return
    scatter(where, amount, start, stop, projection, v)


@numba.njit(inline="always")
def scatter(where, amount, start, stop, projection, v):  # type: ignore[no-untyped-def]
    """v += Σ amount·weights over the events start … stop − 1.

    Unsigned indices: none can mean "from the end", which would cost a test for each.
    """
    if len(projection.alone):
        for e in range(start, stop):
            i = np.uint64(where[e])
            v[np.uint64(projection.alone[i])] += amount[e] * projection.gain[i]
        return
    channels, share = np.uint64(projection.channels), 1 / projection.channels
    for e in range(start, stop):
        i, a = np.uint64(where[e]), amount[e]
        p = position(where[e], share)
        c = i - p * channels
        if projection.slide.height:
            o = np.uint64(projection.target[p] + projection.offset[0])
            reach(v, projection.weights, o, projection.slide.pitch, c, projection.slide.outputs, a)
            continue
        phase = np.uint64(projection.phase[p])
        weight = np.uint64(projection.first[p]) + c * np.uint64(projection.pitch[phase])
        target = projection.target[p] + projection.shift[c]
        length = np.uint64(projection.length[phase])
        for run in range(np.uint64(projection.bounds[phase]), np.uint64(projection.bounds[phase + np.uint64(1)])):
            to = np.uint64(target + projection.offset[run])
            for j in range(length):
                v[to + j] += a * projection.weights[weight + j]
            weight += length


def scatter_reference(stream: Stream, sample: int, step: int, projection: Projection, v: Tensor) -> None:
    """:func:`scatter` of one step in plain torch, one event after the other; v ``[membranes]`` is changed."""
    weights = torch.as_tensor(projection.weights).to(v)
    for e in range(*stream.bounds[sample, step : step + 2].tolist()):
        p, c = divmod(int(stream.where[e]), projection.channels)
        phase = projection.phase[p]
        weight, length = int(projection.first[p] + c * projection.pitch[phase]), int(projection.length[phase])
        for run in range(projection.bounds[phase], projection.bounds[phase + 1]):
            to = int(projection.target[p] + projection.shift[c] + projection.offset[run])
            v[to : to + length] += float(stream.amount[e]) * weights[weight : weight + length]
            weight += length


def scale(stream: Stream, gains: np.ndarray) -> Stream:
    """The same events, each amount times the gain ``[values]`` of its value."""
    return stream._replace(amount=stream.amount * gains[stream.where])


def from_frames(frames: Tensor) -> Stream:
    """The values that are not zero of ``[samples, steps, values]``, as events."""
    samples, steps, _ = frames.shape
    sample, step, where = frames.nonzero(as_tuple=True)
    ends = torch.bincount(sample * steps + step, minlength=samples * steps).cumsum(0).view(samples, steps)
    starts = torch.cat([ends.new_zeros(1), ends[:-1, -1]])
    bounds = torch.cat([starts[:, None], ends], 1)
    return Stream(*(each.cpu().numpy() for each in (bounds, where.int(), frames[sample, step, where])))


def to_frames(stream: Stream, values: int) -> Tensor:
    """Events as ``[samples, steps, values]``; amounts of the same value in the same step are added."""
    numbers = stream.numbers.ravel()
    frame = np.arange(len(numbers)).repeat(numbers)
    before = stream.bounds[:, :-1].ravel() - (numbers.cumsum() - numbers)
    mine = np.arange(len(frame)) + before.repeat(numbers)
    frames = torch.from_numpy(np.zeros(len(numbers) * values, stream.amount.dtype))
    at, amount = frame * values + stream.where[mine], stream.amount[mine]
    frames.index_add_(0, torch.from_numpy(at), torch.from_numpy(amount))
    return frames.view(stream.samples, stream.steps, values)
