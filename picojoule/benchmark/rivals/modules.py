"""A network of ours as plain ``nn.Module`` objects, from which every rival is built: all have the same weights."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import EngineError
from picojoule.ir import Affine, AvgPool, Conv, Fire, Flatten, Input, Linear, MaxPool, Network, Node, ReLU, WeightLayer
from picojoule.ir.dense import evaluate

_CONV = {1: nn.Conv1d, 2: nn.Conv2d}
_MAX_POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d}
_AVG_POOL = {1: nn.AvgPool1d, 2: nn.AvgPool2d}


class Stages(NamedTuple):
    """A spiking network cut at its neurons: part 0 → neurons 0 → part 1 → … → the last part, whose outputs add up.

    Attributes:
        scale: the input value that becomes 1.
        parts: what is linear or pooling, one more than there are layers of neurons.
        starts: v(0) of each layer of neurons; θ and r are 1.
        steps: T.
    """

    scale: float
    parts: tuple[nn.Sequential, ...]
    starts: tuple[float, ...]
    steps: int


FORMATS: dict[str, torch.memory_format] = {
    "channels first": torch.contiguous_format,
    "channels last": torch.channels_last,
}
"""The memory formats of images; which one is faster is for each rival to be found out."""


def arranged(x: Tensor, memory_format: torch.memory_format) -> Tensor:
    """A batch in a memory format, where it is one of images."""
    return x.contiguous(memory_format=memory_format) if x.dim() == 4 else x


def stages(network: Network) -> Stages:
    """Cut a rate-coded network at its neurons. Part 0 sees the same input in every step.

    Raises:
        EngineError: another code, a threshold that is not 1, branches, or a node that the rivals do not know.
    """
    parts: list[list[nn.Module]] = [[]]
    codes = []
    for node in chain(network):
        if isinstance(node, Fire):
            codes.append(node.code)
            parts.append([])
        else:
            parts[-1].append(module(node))
    known = codes and all(code.name == "rate" and code.threshold == code.amount == 1 for code in codes)
    if not known:
        raise EngineError("the rivals run rate coding with a threshold of 1", where=network.name, remedy="leave it out")
    return Stages(
        scale=network.input.scale,
        parts=tuple(nn.Sequential(*part).eval().requires_grad_(False) for part in parts),
        starts=tuple(code.initial for code in codes),
        steps=codes[0].steps,
    )


def chain(network: Network) -> list[Node]:
    """The nodes behind the input, if each reads the one before it.

    Raises:
        EngineError: the network has branches.
    """
    nodes = list(network.nodes)
    if any(node.inputs != (before.name,) for before, node in pairwise(nodes)):
        raise EngineError("the rivals run networks without branches", where=network.name, remedy="leave it out")
    return nodes[1:]


def module(node: Node) -> nn.Module:
    """One node as a module of torch.

    Raises:
        EngineError: there is no such module.
    """
    if type(node) not in _MODULES:
        raise EngineError(f"the rivals have no {type(node).__name__}", where=node.name, remedy="leave it out")
    return _MODULES[type(node)](node)


def _conv(node: Conv) -> nn.Module:
    outputs, inputs = len(node.weight), node.weight.shape[1] * node.groups
    kernel = tuple(node.weight.shape[2:])
    made = _CONV[len(kernel)](
        inputs, outputs, kernel, node.stride, node.padding, node.dilation, node.groups, node.has_bias
    )
    return _filled(made, node)


def _linear(node: Linear) -> nn.Module:
    return _filled(nn.Linear(node.weight.shape[1], len(node.weight), node.has_bias), node)


def _filled(made: nn.Module, node: WeightLayer) -> nn.Module:
    made.load_state_dict({"weight": node.weight, **({"bias": node.bias} if node.has_bias else {})})
    return made


def _max_pool(node: MaxPool) -> nn.Module:
    pool = _MAX_POOL[len(node.kernel)]
    return pool(node.kernel, node.stride, node.padding, node.dilation, ceil_mode=node.ceil)


def _avg_pool(node: AvgPool) -> nn.Module:
    pool = _AVG_POOL[len(node.kernel)]
    return pool(node.kernel, node.stride, node.padding, node.ceil, node.count_padding)


@final
class _Affine(nn.Module):
    """y = gain·x + shift per channel; torch has it only as a batch norm."""

    def __init__(self, node: Affine) -> None:
        super().__init__()
        self.node = node

    def forward(self, x: Tensor) -> Tensor:
        return evaluate(self.node, x)


_MODULES: dict[type[Node], Callable[..., nn.Module]] = {
    Affine: _Affine,
    AvgPool: _avg_pool,
    Conv: _conv,
    Flatten: lambda node: nn.Flatten(),
    Linear: _linear,
    MaxPool: _max_pool,
    ReLU: lambda node: nn.ReLU(),
}
assert Input not in _MODULES  # the rivals scale their input themselves
