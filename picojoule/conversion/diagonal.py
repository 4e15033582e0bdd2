"""A weight of its own for every value: what a scale that cannot be folded becomes, so that its synapses are counted."""

from __future__ import annotations

import torch
from torch import Tensor

from picojoule.conversion.moves import rewire
from picojoule.ir import Conv, Network, Node, WeightLayer
from picojoule.ir.dense import per_channel


def of_channels(values: Tensor, shape: tuple[int, ...]) -> Tensor | None:
    """A number, ``[channels]`` or more, broadcastable to `shape`, as ``[channels]``; None where positions differ."""
    rows = per_channel(values, shape).expand(shape).flatten(1) if len(shape) > 1 else values.expand(shape)[:, None]
    return rows[:, 0].clone() if bool((rows == rows[:, :1]).all()) else None


def unit(network: Network) -> Tensor:
    """A 1 in the network's number type, on its device."""
    return torch.ones((), dtype=torch.float32).to(
        next((each.weight for each in network.all(WeightLayer)), torch.ones(()))
    )


def diagonal(name: str, source: Node, gain: Tensor, shift: Tensor | None = None) -> list[Node]:
    """Nodes, the last one called `name`, for gain·x + shift.

    Args:
        name: of the last node.
        source: x.
        gain, shift: a number, ``[channels]``, or of the rank of x and broadcastable to it.
    """
    channels = of_channels(gain, source.shape) if len(source.shape) > 1 else None
    if channels is not None and len(source.shape) <= 3:
        return [_depthwise(name, source, channels, shift)]
    column = rewire(f"{name}.in", source.name, source.shape, lambda places: places.flatten(1).unsqueeze(2))
    gains, shifts = (each if each is None else per_channel(each, source.shape).expand(source.shape).flatten()
                     for each in (gain, shift))  # fmt: skip
    assert gains is not None
    scaled = _depthwise(f"{name}.values", column, gains, shifts)
    return [column, scaled, rewire(name, scaled.name, scaled.shape, lambda places: places.reshape(1, *source.shape))]


def _depthwise(name: str, source: Node, gain: Tensor, shift: Tensor | None) -> Conv:
    """A convolution of width 1 in which every channel is a group."""
    one = (1,) * (len(source.shape) - 1)
    return Conv(
        name=name,
        inputs=(source.name,),
        shape=source.shape,
        weight=gain.reshape(-1, 1, *one).clone(),
        bias=torch.zeros_like(gain) if shift is None else as_bias(shift, source.shape),
        has_bias=shift is not None,
        stride=one,
        padding=tuple(0 for _ in one),
        dilation=one,
        groups=source.shape[0],
    )


def as_bias(shift: Tensor, shape: tuple[int, ...]) -> Tensor:
    """What is added to every value of `shape`, as a layer's bias: ``[out]`` where positions do not differ."""
    channels = of_channels(shift, shape)
    return per_channel(shift, shape).expand(shape).clone() if channels is None else channels
