"""A rewiring in words that others have: a convolution, or a matrix, in which every output has one weight of 1 or none.

::

    y[c, o] = x[k(c), s·o + d(c)]     for every axis of positions o, and 0 where that is outside of x

is a convolution with stride s: padding, cropping, striding, permuting channels, pixels moved into channels. A rewiring
of several inputs is the sum of one such for each. What ends in a vector is a matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from picojoule.conversion.moves import in_order, wired
from picojoule.ir import Add, AvgPool, Conv, Flatten, Linear, Network, Node, Rewire, WeightLayer
from picojoule.ir.dense import evaluate
from picojoule.ir.network import live

MOST = 2**24
"""Weights of a rewiring, at most: 64 MiB."""


class Axis(NamedTuple):
    """One axis of positions of a convolution; ``taps`` is the place of each channel's weight in the kernel."""

    stride: int
    padding: int
    kernel: int
    taps: Tensor


def without_rewiring(network: Network) -> tuple[Network, frozenset[str]]:
    """The network with weights in place of its rewirings, where there are such; and the names of these weights."""
    network = _with_means_in_place(network)
    nodes: list[Node] = []
    weights: set[str] = set()
    for node in network.nodes:
        made = _in_weights(node, network.sources(node)) if isinstance(node, Rewire) else None
        nodes += made or [node]
        weights.update(each.name for each in made or () if isinstance(each, WeightLayer))
    return network.evolve(nodes), frozenset(weights)


def _with_means_in_place(network: Network) -> Network:
    """The network with means over all positions of maps taken there, not of the positions put in one row."""
    nodes = dict(network.by_name)
    for pool in network.all(AvgPool):
        row, sources = network.source(pool), network.sources(network.source(pool))
        maps = {source.shape[1:] for source in sources}
        whole = isinstance(row, Rewire) and pool.kernel == row.shape[1:] and network.consumers(row) == [pool]
        if not whole or len(maps) != 1 or len(window := maps.pop()) != 2 or prod(window) != row.shape[1]:
            continue
        channels = row.shape[0]
        in_place = in_order(row, sources)
        nodes[row.name] = replace(row, shape=(channels, *window))
        nodes[pool.name] = replace(
            pool,
            inputs=row.inputs if in_place else pool.inputs,
            shape=(channels, 1, 1),
            kernel=window,
            stride=window,
            padding=(0, 0),
        )
    return network.evolve(live(nodes, network.output.name))


def _in_weights(node: Rewire, sources: list[Node]) -> list[Node] | None:
    """A rewiring in weights: a sum, where it has several inputs; none, where it only makes a vector."""
    if len(node.shape) == 1 and in_order(node, sources):
        return [Flatten(name=node.name, inputs=node.inputs, shape=node.shape)]
    index, made, before = node.index.cpu().view(node.shape), list[Node](), 0
    for number, source in enumerate(sources):
        mine = torch.where((index >= before) & (index < before + source.size), index - before, -1)
        before += source.size
        name = node.name if len(sources) == 1 else f"{node.name}.{number}"
        convolution = _convolution(name, source, mine) if index.dim() == len(source.shape) in (2, 3) else None
        part = [convolution] if convolution else _matrix(name, source, mine)
        if part is None:
            return None
        made += part
    if len(sources) > 1:
        made.append(
            Add(name=node.name, inputs=tuple(f"{node.name}.{n}" for n in range(len(sources))), shape=node.shape)
        )
    return made


def _convolution(name: str, source: Node, index: Tensor) -> Conv | None:
    """The convolution that takes every value from where `index` says; None: it is none."""
    channels, *places = torch.unravel_index(index.clamp(min=0), source.shape)
    picked = index >= 0
    from_channel = torch.where(picked, channels, -1).flatten(1).amax(1)
    axes = [_axis(axis, picked, each, source.shape[axis]) for axis, each in enumerate(places, 1)]
    depthwise = index.shape[0] == source.shape[0] and torch.equal(from_channel, torch.arange(source.shape[0]))
    shape = (len(index), 1 if depthwise else source.shape[0], *(axis.kernel for axis in axes))
    if torch.Size(shape).numel() > MOST:
        return None
    weight, used = torch.zeros(shape), (from_channel >= 0).nonzero()[:, 0]
    column = torch.zeros_like(used) if depthwise else from_channel[used]
    weight[(used, column, *(axis.taps[used] for axis in axes))] = 1
    made = Conv(
        name=name,
        inputs=(source.name,),
        shape=tuple(index.shape),
        weight=weight,
        bias=torch.zeros(len(index)),
        has_bias=False,
        stride=tuple(axis.stride for axis in axes),
        padding=tuple(axis.padding for axis in axes),
        dilation=(1,) * len(axes),
        groups=source.shape[0] if depthwise else 1,
    )
    return made if torch.equal(taken(made, source), index) else None


def _axis(axis: int, picked: Tensor, places: Tensor, size: int) -> Axis:
    """The geometry of an axis, if there is one; by the first and the last value that each channel takes."""
    far, number = 2**40, picked.shape[axis]
    outputs = torch.arange(number).view([-1 if each == axis else 1 for each in range(picked.dim())]).expand_as(picked)
    (low, first), (high, last) = (
        [getattr(torch.where(picked, each, fill).flatten(1), find)(1) for each in (outputs, places)]
        for fill, find in ((far, "amin"), (-far, "amax"))
    )
    used, wide = high >= low, int((high - low).argmax())
    spread = int((high - low)[wide])
    stride = max(int((last - first)[wide]) // spread, 1) if spread > 0 else size  # of one output: past the others
    shift = torch.where(used, first - stride * low, 0)
    reach = stride * (number - 1)
    padding = max(0, -int(shift.min()), int(shift.max()) + 1 + reach - size)
    kernel = size + 2 * padding - reach
    kernel -= min(stride - 1, kernel - int(shift.max()) - padding - 1)
    return Axis(stride, padding, kernel, shift + padding)


def _matrix(name: str, source: Node, index: Tensor) -> list[Node] | None:
    """The matrix that takes values into a vector, behind what makes a vector of the source."""
    if index.dim() > 1 or index.numel() * source.size > MOST:
        return None
    weight, used = torch.zeros(len(index), source.size), (index >= 0).nonzero()[:, 0]
    weight[used, index[used]] = 1
    flat = [] if len(source.shape) == 1 else [Flatten(name=f"{name}.in", inputs=(source.name,), shape=(source.size,))]
    reads = flat[0].name if flat else source.name
    bias = torch.zeros(len(index))
    return [*flat, Linear(name=name, inputs=(reads,), shape=(len(index),), weight=weight, bias=bias, has_bias=False)]


def taken(layer: WeightLayer, source: Node) -> Tensor:
    """Where a layer of ones and zeros takes each value from: −1 where it takes none."""
    places = torch.arange(1, source.size + 1, dtype=torch.float64).view(1, *source.shape)
    return evaluate(replace(layer, weight=layer.weight.double()), places)[0].round().long() - 1


def picks(layer: WeightLayer) -> bool:
    """True where every output of a layer is one of its inputs, or zero."""
    ones = layer.weight.flatten(1)
    return not layer.has_bias and bool(((ones == 0) | (ones == 1)).all()) and bool((ones.sum(1) <= 1).all())


def rewired(layer: WeightLayer, source: Node) -> Rewire:
    """The rewiring that a layer is which only picks."""
    index = taken(layer, source)
    return Rewire(name=layer.name, inputs=layer.inputs, shape=tuple(index.shape), index=index.flatten())


def joined(name: str, parts: list[str], nodes: Mapping[str, Node]) -> Rewire | None:
    """The sum of some nodes as one rewiring, if they are such and no two of them give the same value; else None."""
    wires = [each for each in (nodes[part] for part in parts) if isinstance(each, Rewire)]
    if (
        len(wires) < len(parts)
        or len({each.shape for each in wires}) > 1
        or any(len(each.inputs) > 1 for each in wires)
    ):
        return None
    if int(torch.stack([each.index >= 0 for each in wires]).sum(0).max()) > 1:
        return None
    return wired(name, wires[0].shape, [(nodes[each.inputs[0]], each.index) for each in wires])
