"""The tables by which events find their way: projections of weight layers, windows of pools.

Values of a node are kept with channels innermost: value ``p·C + c`` is channel c at position p. A node without
positions has one, and as many channels as values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise, product
from math import prod
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from picojoule.ir import AvgPool, Conv, ConvTranspose, Linear, MaxPool, Node, Rewire
from picojoule.ir.dense import evaluate, sum_pool
from picojoule.kernels.advance import Layout
from picojoule.kernels.pooling import Windows
from picojoule.kernels.projection import Projection
from picojoule.kernels.slide import NO_SLIDE, SIDE, Slide, widths
from picojoule.kernels.vectors import LANES
from picojoule.kernels.window import MOST, NO_WINDOW, Window


def channels_innermost(x: Tensor, channels: int) -> Tensor:
    """Samples ``[batch, channels, ...]`` as ``[batch, values]`` with channels innermost."""
    return x.reshape(len(x), channels, -1).transpose(1, 2).reshape(len(x), -1).contiguous()


def channels_first(rows: Tensor, channels: int) -> Tensor:
    """Back: ``[batch, values]`` with channels innermost as ``[batch, values]`` with channels outermost."""
    return rows.reshape(len(rows), -1, channels).transpose(1, 2).flatten(1)


Taps = list[tuple[int, int]]
"""Offset of the output and index in the kernel, offsets rising."""


class Margin(NamedTuple):
    """Membranes that are no neurons, before and behind those of one axis."""

    before: int = 0
    behind: int = 0

    @staticmethod
    def widest(margins: Iterable[Margin]) -> Margin:
        """Wide enough for all."""
        return Margin(*(max(each) for each in zip(*margins, strict=True)))


class _Axis(NamedTuple):
    """One axis of a convolution: where each input begins, the place within a stride, the taps of each such place."""

    base: np.ndarray
    phase: np.ndarray
    taps: list[Taps]
    margin: Margin

    @staticmethod
    def of(inputs: int, outputs: int, kernel: int, stride: int, padding: int, dilation: int) -> _Axis:
        """An input x reaches output o by tap k where x + padding = o·stride + k·dilation."""
        base, phase = np.divmod(np.arange(inputs) + padding, stride)
        taps = [
            sorted(((at - k * dilation) // stride, k) for k in range(kernel) if (at - k * dilation) % stride == 0)
            for at in range(stride)
        ]
        reached = [int(b) + offset for b, at in zip(base, phase, strict=True) for offset, _ in taps[at]]
        margin = Margin(max(0, -min(reached, default=0)), max(0, max(reached, default=0) + 1 - outputs))
        return _Axis(base, phase, taps, margin)

    @staticmethod
    def transposed(inputs: int, outputs: int, kernel: int, stride: int, padding: int, dilation: int) -> _Axis:
        """An input x reaches output x·stride − padding + k·dilation by tap k."""
        base = np.arange(inputs) * stride - padding
        taps = [[(k * dilation, k) for k in range(kernel)]]
        last = int(base[-1]) + (kernel - 1) * dilation
        return _Axis(base, np.zeros(inputs, np.int64), taps, Margin(padding, max(0, last + 1 - outputs)))

    def neighbours(self) -> bool:
        """True where the taps of every place reach outputs without a gap."""
        return all(b[0] - a[0] == 1 for taps in self.taps for a, b in pairwise(taps))


def margins(node: Conv | ConvTranspose, source_shape: tuple[int, ...]) -> tuple[Margin, Margin]:
    """What the events of a convolution need around its outputs, in y and in x."""
    y, x = _axes(node, source_shape)
    return y.margin, x.margin


def _axes(node: Conv | ConvTranspose, source_shape: tuple[int, ...]) -> tuple[_Axis, _Axis]:
    """Both axes of a convolution; one of one dimension has height 1."""
    sizes = (source_shape[1:], node.shape[1:], node.weight.shape[2:], node.stride)
    none = (0,) * (2 - len(node.stride))
    y, x = zip(*map(_two, sizes), none + node.padding, _two(node.dilation), strict=True)
    make = _Axis.transposed if isinstance(node, ConvTranspose) else _Axis.of
    return make(*y), make(*x)


def layout_of(node: Node, around: tuple[Margin, Margin]) -> Layout:
    """Membranes of a node with channels innermost and positions, with margins in y and in x."""
    outputs, (height, width) = node.shape[0], _two(node.shape[1:])
    y, x = around
    pitch = (x.before + width + x.behind) * outputs
    first, size = y.before * pitch + x.before * outputs, (y.before + height + y.behind) * pitch
    if x == Margin():
        return Layout(first, 1, height * pitch, height * pitch, size)
    return Layout(first, height, pitch, width * outputs, size)


def conv_projection(
    node: Conv | ConvTranspose, source_shape: tuple[int, ...], around: tuple[Margin, Margin]
) -> Projection:
    """The tables of a convolution, to membranes with margins at least as wide as :func:`margins` says."""
    y, x = _axes(node, source_shape)
    weight = node.weight.detach().cpu().contiguous().numpy()
    weight = weight.reshape(*weight.shape[:2], *_two(weight.shape[2:]))
    channels, outputs = source_shape[0], weight.shape[0]
    row = (around[1].before + _two(node.shape[1:])[1] + around[1].behind) * outputs
    places = [_place(node, weight, rows, columns, x.neighbours(), row) for rows, columns in product(y.taps, x.taps)]
    blocks = [place.weights for place in places]
    phase = (y.phase[:, None] * len(x.taps) + x.phase).ravel()
    projection = Projection(
        weights=_at_a_line(np.concatenate([block.ravel() for block in blocks])),
        channels=channels,
        target=(((y.base + around[0].before) * row)[:, None] + (x.base + around[1].before) * outputs).ravel(),
        first=np.cumsum([0, *(block.size for block in blocks)])[phase],
        phase=phase,
        shift=np.arange(channels) // (channels // node.groups) * (outputs // node.groups),
        pitch=np.asarray([block.shape[1] for block in blocks], np.int64),
        bounds=np.cumsum([0, *(len(place.offsets) for place in places)]),
        offset=np.asarray([offset for place in places for offset in place.offsets], np.int64),
        length=np.asarray([place.length for place in places], np.int64),
        **_no_form(weight),
        gain=np.zeros(0, weight.dtype),
    )
    alone, gain = _only_synapses(projection, weight, node.groups)
    if len(alone):
        return projection._replace(alone=alone, gain=gain)
    return projection._replace(**_form(node, weight, source_shape, around, row))


def _only_synapses(projection: Projection, weight: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """The membrane and the weight of the only synapse of each value; nothing where some value has two."""
    outputs, inputs, rows, columns = weight.shape
    synapses = weight.reshape(groups, outputs // groups, inputs, -1)[..., 0]
    if rows * columns > 1 or (np.count_nonzero(synapses, axis=1) > 1).any():
        return np.zeros(0, np.int32), np.zeros(0, weight.dtype)
    output = (synapses != 0).argmax(1)
    gain = np.take_along_axis(synapses, output[:, None], 1).ravel()
    reached = np.diff(projection.bounds)[projection.phase] > 0
    run = np.where(reached, projection.bounds[projection.phase], 0)
    place = np.where(reached, projection.target + projection.offset[run], 0)
    near = np.maximum.accumulate(np.where(reached, np.arange(len(place)), 0))  # not all in one place: they would wait
    to = place[near][:, None] + projection.shift + output.ravel()
    return to.astype(np.int32).ravel(), (gain * reached[:, None]).astype(weight.dtype).ravel()


def _form(
    node: Conv | ConvTranspose,
    weight: np.ndarray,
    source_shape: tuple[int, ...],
    around: tuple[Margin, Margin],
    row: int,
) -> dict[str, Slide | Window]:
    """The same convolution for many events, where it has such a form."""
    outputs, _, rows, columns = weight.shape
    plain = isinstance(node, Conv) and node.groups == 1 and {*node.dilation} == {1}
    if not plain or outputs % LANES:
        return {}
    (height, width), (down, across) = _two(source_shape[1:]), _two(node.shape[1:])
    top, left = (0,) * (2 - len(node.padding)) + node.padding
    strides = _two(node.stride)
    first = around[0].before * row + around[1].before * outputs
    if strides == (1, 1) and (rows, columns) == (SIDE, SIDE):
        reached = first + (top - SIDE + 1) * row + (left - SIDE + 1) * outputs
        return {"slide": Slide(height, width, reached, row, outputs, _turned(weight))}
    group = next(each for each in range(max(1, MOST // outputs), 0, -1) if across % each == 0)
    rest = rows, columns, top, left, *strides, group, group * outputs, first, row
    shifted = _at_a_line(_shifted(weight, group, strides[1]))
    return {"window": Window(height, width, down, across, *rest, shifted)}


def _no_form(weight: np.ndarray) -> dict[str, Slide | Window]:
    """That a layer with such weights has none."""
    none = np.zeros(0, weight.dtype)
    return {"slide": NO_SLIDE._replace(weights=none), "window": NO_WINDOW._replace(weights=none)}


def _turned(weight: np.ndarray) -> np.ndarray:
    """The weights in the order of the outputs that a position reaches, for each of :func:`widths` by themselves."""
    reached = weight[:, :, ::-1, ::-1].transpose(1, 2, 3, 0)
    ends = np.cumsum(widths(len(weight)))
    return _at_a_line(np.concatenate([part.ravel() for part in np.split(reached, ends[:-1], -1)]))


def _at_a_line(values: np.ndarray) -> np.ndarray:
    """A flat copy that begins where a line of the cache does, as every tensor of torch: vectors that lie across two
    lines take twice as long to read."""
    return torch.from_numpy(values.ravel()).clone().numpy()


def _shifted(weight: np.ndarray, group: int, stride: int) -> np.ndarray:
    """The weights for neighbouring outputs together, ``[rows, span, inputs, group, outputs]``."""
    outputs, inputs, rows, columns = weight.shape
    shifted = np.zeros((rows, columns + (group - 1) * stride, inputs, group, outputs), weight.dtype)
    for each in range(group):
        shifted[:, each * stride : each * stride + columns, :, each] = weight.transpose(2, 3, 1, 0)
    return shifted


class _Place(NamedTuple):
    """The runs of the source positions at one place within a stride."""

    weights: np.ndarray
    offsets: list[int]
    length: int


def _place(
    node: Conv | ConvTranspose, weight: np.ndarray, rows: Taps, columns: Taps, neighbours: bool, row: int
) -> _Place:
    """Taps that reach neighbouring outputs are one run, unless outputs of other groups are between them."""
    outputs, run = weight.shape[0], weight.shape[0] // node.groups
    merged = node.groups == 1 and neighbours
    starts = columns[:1] if merged else columns
    return _Place(
        weights=_block(weight, node.groups, [k for _, k in rows], [k for _, k in columns]),
        offsets=[oy * row + ox * outputs for oy, _ in rows for ox, _ in starts],
        length=run * len(columns) if merged else run,
    )


def _block(weight: np.ndarray, groups: int, rows: list[int], columns: list[int]) -> np.ndarray:
    """The weights of one place within a stride, ``[source channels, rows·columns·outputs of a group]``."""
    outputs, inputs = weight.shape[0] // groups, weight.shape[1]
    part = weight[:, :, rows][:, :, :, columns].reshape(groups, outputs, inputs, len(rows), len(columns))
    return np.ascontiguousarray(part.transpose(0, 2, 3, 4, 1)).reshape(groups * inputs, -1)


def linear_projection(node: Linear, channels: int) -> Projection:
    """The tables of a linear layer whose source has its channels innermost: each position has weights of its own.

    Its runs are whole vectors.
    """
    outputs, inputs = node.weight.shape
    positions, pitch = inputs // channels, -(-outputs // LANES) * LANES
    padded = F.pad(node.weight.detach().cpu().T, (0, pitch - outputs)).reshape(channels, positions, pitch)
    weight = padded.transpose(0, 1).contiguous().numpy()
    return Projection(
        weights=_at_a_line(weight),
        channels=channels,
        target=np.zeros(positions, np.int64),
        first=np.arange(positions) * channels * pitch,
        phase=np.zeros(positions, np.int64),
        shift=np.zeros(channels, np.int64),
        pitch=np.asarray([pitch]),
        bounds=np.asarray([0, 1]),
        offset=np.asarray([0]),
        length=np.asarray([pitch]),
        **_no_form(weight),
        gain=np.zeros(0, weight.dtype),
    )


def flat_layout(neurons: int) -> Layout:
    """Neurons in one row, with room for whole vectors behind it."""
    return Layout(0, 1, neurons, neurons, -(-neurons // LANES) * LANES)


def windows(node: MaxPool | AvgPool, source: Node) -> Windows:
    """The windows of every position, and the share each passes on."""
    dilation = node.dilation if isinstance(node, MaxPool) else (1,) * len(node.kernel)
    axes = [
        _pairs(*each)
        for each in zip(source.shape[1:], node.shape[1:], node.kernel, node.stride, node.padding, dilation, strict=True)
    ]
    position, window = axes[0]
    for (inside, outside), size, number in zip(axes[1:], source.shape[2:], node.shape[2:], strict=True):
        position = (position[:, None] * size + inside).ravel()
        window = (window[:, None] * number + outside).ravel()
    order = np.lexsort((window, position))
    bounds = np.searchsorted(position[order], np.arange(prod(source.shape[1:]) + 1))
    behind = np.lexsort((position, window))
    inside = np.searchsorted(window[behind], np.arange(prod(node.shape[1:]) + 1))
    most = int(np.diff(bounds).max())
    return Windows(source.shape[0], bounds, window[order], _shares(node, source), most, inside, position[behind])


def wires(node: Rewire, sources: Iterable[Node], channels: Mapping[str, int]) -> list[Windows]:
    """Where each value of each source goes to, in the order that events count values in."""
    place = channels_innermost(torch.arange(node.size).view(1, *node.shape), channels[node.name])[0].argsort()
    found, before = [], 0
    for source in sources:
        mine = (node.index >= before) & (node.index < before + source.size)
        order = channels_innermost(torch.arange(source.size).view(1, *source.shape), channels[source.name])[0].argsort()
        value, target = order[node.index[mine] - before].numpy(), place[mine.nonzero()[:, 0]].numpy()
        sorted_by = np.lexsort((target, value))
        bounds = np.searchsorted(value[sorted_by], np.arange(source.size + 1))
        most = int(np.diff(bounds).max())
        found.append(Windows(1, bounds, target[sorted_by], np.ones(node.size, np.float32), most))
        before += source.size
    return found


def _pairs(
    inputs: int, outputs: int, kernel: int, stride: int, padding: int, dilation: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which inputs of one axis are in which windows."""
    inside = np.arange(outputs)[:, None] * stride - padding + np.arange(kernel) * dilation
    real = (inside >= 0) & (inside < inputs)
    return inside[real], np.broadcast_to(np.arange(outputs)[:, None], inside.shape)[real]


def _shares(node: MaxPool | AvgPool, source: Node) -> np.ndarray:
    if isinstance(node, MaxPool):
        return np.ones(prod(node.shape[1:]), np.float32)
    ones = torch.ones(1, 1, *source.shape[1:])
    return (evaluate(node, ones) / sum_pool(node, ones)).numpy().ravel()


def _two(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Sizes of one axis as those of two."""
    return (1,) * (2 - len(sizes)) + tuple(sizes)
