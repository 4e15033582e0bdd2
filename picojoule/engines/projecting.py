"""The tables by which events find their way: projections of weight layers, windows of pools.

Values of a node are kept with channels innermost: value ``p·C + c`` is channel c at position p. A node without
positions has one, and as many channels as values.
"""

from __future__ import annotations

from itertools import pairwise, product
from math import prod
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from picojoule.ir import AvgPool, Conv, Linear, MaxPool, Node
from picojoule.ir.dense import evaluate, sum_pool
from picojoule.kernels.advance import Layout
from picojoule.kernels.pooling import Windows
from picojoule.kernels.projection import Projection

_VECTOR = 16
"""Runs of linear layers are whole vectors of float32 numbers."""


def channels_innermost(x: Tensor, channels: int) -> Tensor:
    """Samples ``[batch, channels, ...]`` as ``[batch, values]`` with channels innermost."""
    return x.reshape(len(x), channels, -1).transpose(1, 2).reshape(len(x), -1).contiguous()


def channels_first(rows: Tensor, channels: int) -> Tensor:
    """Back: ``[batch, values]`` with channels innermost as ``[batch, values]`` with channels outermost."""
    return rows.reshape(len(rows), -1, channels).transpose(1, 2).flatten(1)


class _Axis(NamedTuple):
    """One axis of a convolution: where each input begins, the place within a stride, the taps of each such place."""

    base: np.ndarray
    phase: np.ndarray
    taps: list[list[tuple[int, int]]]  # (offset, kernel index) by phase, offsets rising
    before: int
    size: int

    @staticmethod
    def of(inputs: int, outputs: int, kernel: int, stride: int, padding: int, dilation: int) -> _Axis:
        """An input x reaches output o by tap k where x + padding = o·stride + k·dilation."""
        base, phase = np.divmod(np.arange(inputs) + padding, stride)
        taps = [
            sorted(((at - k * dilation) // stride, k) for k in range(kernel) if (at - k * dilation) % stride == 0)
            for at in range(stride)
        ]
        reached = [b + offset for b, at in zip(base, phase, strict=True) for offset, _ in taps[at]]
        before = max(0, -min(reached, default=0))
        return _Axis(base, phase, taps, before, before + max(outputs, max(reached, default=0) + 1))

    def neighbours(self) -> bool:
        """True where the taps of every place reach outputs without a gap."""
        return all(b[0] - a[0] == 1 for taps in self.taps for a, b in pairwise(taps))


def conv_projection(node: Conv, source_shape: tuple[int, ...]) -> tuple[Projection, Layout]:
    """The tables of a convolution (1d as 2d of height 1), and the membranes it projects to."""
    dims = len(node.stride)
    weight = (
        node.weight.detach().cpu().contiguous().numpy().reshape(*node.weight.shape[:2], *_two(node.weight.shape[2:]))
    )
    settings = zip(
        _two(source_shape[1:]), _two(node.shape[1:]), weight.shape[2:],
        _two(node.stride), (0, 0)[dims:] + node.padding, _two(node.dilation), strict=True,
    )  # fmt: skip
    y, x = (_Axis.of(*each) for each in settings)
    channels, outputs = source_shape[0], weight.shape[0]
    row = x.size * outputs
    merged = node.groups == 1 and x.neighbours()
    blocks, bounds, offsets, pitches, lengths = [], [0], [], [], []
    for rows, columns in product(y.taps, x.taps):
        starts = [[columns[0]]] if merged and columns else [[each] for each in columns]
        offsets += [oy * row + run[0][0] * outputs for oy, _ in rows for run in starts]
        bounds.append(len(offsets))
        blocks.append(_block(weight, node.groups, [k for _, k in rows], [k for _, k in columns]))
        pitches.append(blocks[-1].shape[1])
        lengths.append(outputs // node.groups * (len(columns) if merged else 1))
    begins = np.cumsum([0, *(block.size for block in blocks)])
    phase = (y.phase[:, None] * len(x.taps) + x.phase).ravel()
    projection = Projection(
        weights=np.concatenate([block.ravel() for block in blocks]),
        channels=channels,
        target=(((y.base + y.before) * row)[:, None] + (x.base + x.before) * outputs).ravel(),
        first=begins[phase],
        phase=phase,
        shift=np.arange(channels) // (channels // node.groups) * (outputs // node.groups),
        pitch=np.asarray(pitches, np.int64),
        bounds=np.asarray(bounds, np.int64),
        offset=np.asarray(offsets, np.int64),
        length=np.asarray(lengths, np.int64),
    )
    height, width = _two(node.shape[1:])
    first = (y.before * x.size + x.before) * outputs
    return projection, _layout(first, height, row, width * outputs, y.size * row)


def _block(weight: np.ndarray, groups: int, rows: list[int], columns: list[int]) -> np.ndarray:
    """The weights of one place within a stride, ``[source channels, rows·columns·outputs of a group]``."""
    outputs, inputs = weight.shape[0] // groups, weight.shape[1]
    part = weight[:, :, rows][:, :, :, columns].reshape(groups, outputs, inputs, len(rows), len(columns))
    return np.ascontiguousarray(part.transpose(0, 2, 3, 4, 1)).reshape(groups * inputs, -1)


def linear_projection(node: Linear, channels: int) -> tuple[Projection, Layout]:
    """The tables of a linear layer whose source has its channels innermost: each position has weights of its own."""
    outputs, inputs = node.weight.shape
    positions, pitch = inputs // channels, -(-outputs // _VECTOR) * _VECTOR
    weight = F.pad(node.weight.detach().cpu().T, (0, pitch - outputs)).reshape(channels, positions, pitch)
    projection = Projection(
        weights=weight.transpose(0, 1).contiguous().numpy().ravel(),
        channels=channels,
        target=np.zeros(positions, np.int64),
        first=np.arange(positions) * channels * pitch,
        phase=np.zeros(positions, np.int64),
        shift=np.zeros(channels, np.int64),
        pitch=np.asarray([pitch]),
        bounds=np.asarray([0, 1]),
        offset=np.asarray([0]),
        length=np.asarray([pitch]),
    )
    return projection, Layout(0, 1, outputs, outputs, pitch)


def flat_layout(size: int) -> Layout:
    """Neurons without margins."""
    return Layout(0, 1, size, size, size)


def _layout(first: int, rows: int, pitch: int, length: int, size: int) -> Layout:
    """Rows without margins between them are one row."""
    return (
        Layout(first, 1, rows * length, rows * length, size)
        if pitch == length
        else Layout(first, rows, pitch, length, size)
    )


def silent_projection() -> Projection:
    """Nothing lands anywhere: the projection of neurons that no event reaches."""
    none = np.zeros(0, np.int64)
    return Projection(np.zeros(0, np.float32), 1, none, none, none, none, none, np.zeros(1, np.int64), none, none)


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
    return Windows(source.shape[0], bounds, window[order], _shares(node, source))


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
