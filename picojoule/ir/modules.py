"""Nodes as modules of torch: those that torch has as its own, with their weights; all others by what they mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

from torch import Tensor, nn

from picojoule.ir.dense import evaluate
from picojoule.ir.nodes import AvgPool, Conv, Flatten, Linear, MaxPool, Node, ReLU, WeightLayer

_CONV = {1: nn.Conv1d, 2: nn.Conv2d}
_MAX_POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d}
_AVG_POOL = {1: nn.AvgPool1d, 2: nn.AvgPool2d}


@final
class Meaning(nn.Module):
    """A node as a module that evaluates it: where torch has no such module."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node

    def forward(self, *x: Tensor) -> Tensor:
        """The node's output for its inputs."""
        return evaluate(self.node, *x)


def as_module(node: Node) -> nn.Module:
    """A node, but no neurons and no input, as a module ``[batch, ...]`` → ``[batch, ...]``."""
    own_bias = isinstance(node, WeightLayer) and node.has_bias and node.bias.dim() > 1
    plain = isinstance(node, ReLU) and node.kind != "ReLU"
    return Meaning(node) if own_bias or plain or type(node) not in MODULES else MODULES[type(node)](node)


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
    made.to(node.weight.dtype)
    made.load_state_dict({"weight": node.weight, **({"bias": node.bias} if node.has_bias else {})})
    return made


def _max_pool(node: MaxPool) -> nn.Module:
    pool = _MAX_POOL[len(node.kernel)]
    return pool(node.kernel, node.stride, node.padding, node.dilation, ceil_mode=node.ceil)


def _avg_pool(node: AvgPool) -> nn.Module:
    pool = _AVG_POOL[len(node.kernel)]
    return pool(node.kernel, node.stride, node.padding, node.ceil, node.count_padding)


MODULES: dict[type[Node], Callable[[Any], nn.Module]] = {
    AvgPool: _avg_pool,
    Conv: _conv,
    Flatten: lambda node: nn.Flatten(),
    Linear: _linear,
    MaxPool: _max_pool,
    ReLU: lambda node: nn.ReLU(),
}
"""The kinds of nodes that torch has modules for."""
