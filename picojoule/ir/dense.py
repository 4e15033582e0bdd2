"""What each node means densely: plain torch functions, one per kind of node, looked up in one table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf

import torch
import torch.nn.functional as F
from torch import Tensor

from picojoule.codes.few_spikes import FUNCTIONS
from picojoule.ir.nodes import (
    Activation,
    Add,
    Affine,
    AvgPool,
    Conv,
    ConvTranspose,
    Fire,
    Flatten,
    Frames,
    Input,
    Island,
    Linear,
    MaxPool,
    Node,
    Quantise,
    ReLU,
    Rewire,
    WeightLayer,
)
from picojoule.quant import on_grid

_CONV = {1: F.conv1d, 2: F.conv2d}
_CONV_TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d}
_MAX_POOL = {1: F.max_pool1d, 2: F.max_pool2d}


def per_channel(values: Tensor, node_shape: tuple[int, ...]) -> Tensor:
    """`values`, a scalar, ``[channels]`` or of the rank of `node_shape`, shaped to multiply a batch of such outputs."""
    return values.reshape(-1, *[1] * (len(node_shape) - 1)) if values.dim() == 1 else values


def _conv(node: Conv, x: Tensor, bias: Tensor | None) -> Tensor:
    convolve = _CONV[len(node.stride)]
    return convolve(x, node.weight, bias, node.stride, node.padding, node.dilation, node.groups)


def _conv_transpose(node: ConvTranspose, x: Tensor, bias: Tensor | None) -> Tensor:
    rank, groups = len(node.stride), node.groups
    weight = node.weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1)  # inputs first, as torch has them
    geometry = (node.stride, node.padding, node.output_padding, groups, node.dilation)
    return _CONV_TRANSPOSE[rank](x, weight, bias, *geometry)


def _one_to_one(node: Conv, x: Tensor, bias: Tensor | None) -> Tensor:
    """A convolution of width 1 in which every channel is a group: torch's own takes as long as one of width 3."""
    gain = node.weight[:, 0]
    return x * gain if bias is None else x * gain + bias.view_as(gain)


def is_one_to_one(node: Node) -> bool:
    """True where every value of the output has one synapse, from the value in its place."""
    return (
        isinstance(node, Conv)
        and node.groups == node.weight.shape[0]
        and all(size == 1 for size in (*node.weight.shape[1:], *node.stride))
        and not any(node.padding)
    )


def _linear(node: Linear, x: Tensor, bias: Tensor | None) -> Tensor:
    return F.linear(x, node.weight, bias)


def _affine(node: Affine, x: Tensor) -> Tensor:
    return x * per_channel(node.gain, node.shape) + per_channel(node.shift, node.shape)


def _add(node: Add, *terms: Tensor) -> Tensor:
    return torch.stack(terms).sum(0) if len(terms) != 2 else terms[0] + terms[1]


def _relu(node: ReLU, x: Tensor) -> Tensor:
    y = F.leaky_relu(x, node.slope) if node.slope else F.relu(x)
    return y if node.ceiling == inf else y.clamp(max=node.ceiling)


def _activation(node: Activation, x: Tensor) -> Tensor:
    compute = FUNCTIONS[node.function].compute
    return compute(x) if node.scale == 1 else compute(x * node.scale) / node.scale


def _max_pool(node: MaxPool, x: Tensor) -> Tensor:
    pool = _MAX_POOL[len(node.kernel)]
    return pool(x, node.kernel, node.stride, node.padding, node.dilation, node.ceil)


def _avg_pool(node: AvgPool, x: Tensor) -> Tensor:
    if len(node.kernel) == 1:
        return F.avg_pool1d(x, node.kernel, node.stride, node.padding, node.ceil, node.count_padding)
    return F.avg_pool2d(x, node.kernel, node.stride, node.padding, node.ceil, node.count_padding)


def sum_pool(node: AvgPool, x: Tensor) -> Tensor:
    """The sum of each window instead of its mean."""
    if len(node.kernel) == 2:
        return F.avg_pool2d(x, node.kernel, node.stride, node.padding, node.ceil, divisor_override=1)
    kernel, stride, padding = (1, *node.kernel), (1, *node.stride), (0, *node.padding)
    return F.avg_pool2d(x.unsqueeze(2), kernel, stride, padding, node.ceil, divisor_override=1).squeeze(2)


def _flatten(node: Flatten, x: Tensor) -> Tensor:
    return x.flatten(1)


def _rewire(node: Rewire, *sources: Tensor) -> Tensor:
    values = torch.cat([F.pad(sources[0].flatten(1), (1, 0)), *(each.flatten(1) for each in sources[1:])], 1)
    return values.index_select(1, node.index.to(values.device) + 1).unflatten(1, node.shape)


def _quantise(node: Quantise, x: Tensor) -> Tensor:
    low = -(2 ** (node.bits - 1)) if node.signed else 0
    return on_grid(x, node.step, low, low + 2**node.bits - 1)


def _frames(node: Frames, x: Tensor) -> Tensor:
    return x.mean(1)


def _island(node: Island, *x: Tensor) -> Tensor:
    return node.function(*(each * scale for each, scale in zip(x, node.scales, strict=True)))


_WEIGHTED: dict[type[Node], Callable[..., Tensor]] = {Conv: _conv, ConvTranspose: _conv_transpose, Linear: _linear}
_PLAIN: dict[type[Node], Callable[..., Tensor]] = {
    Add: _add,
    Affine: _affine,
    ReLU: _relu,
    Activation: _activation,
    MaxPool: _max_pool,
    AvgPool: _avg_pool,
    Flatten: _flatten,
    Rewire: _rewire,
    Quantise: _quantise,
    Island: _island,
    Frames: _frames,
}


def scaled_input(node: Input, x: Tensor) -> Tensor:
    """The network's input in the units its first layer was folded for."""
    return x if node.scale == 1.0 else x / node.scale


def evaluator(node: Node) -> Callable[..., Tensor]:
    """The node as a function: its output ``[batch, *shape]`` for its inputs ``[batch, ...]``."""
    if not isinstance(node, WeightLayer):
        return partial(_PLAIN[type(node)], node)
    weigh = _weigher(node)
    if node.has_bias and node.bias.dim() > 1:  # of every value its own: not the bias torch knows
        return lambda x: weigh(node, x, None) + node.bias
    return partial(weigh, node, bias=node.bias if node.has_bias else None)


def _weigher(node: WeightLayer) -> Callable[..., Tensor]:
    return _one_to_one if is_one_to_one(node) else _WEIGHTED[type(node)]


def evaluate(node: Node, *x: Tensor) -> Tensor:
    """The node's output ``[batch, *shape]`` for its inputs ``[batch, ...]``."""
    return evaluator(node)(*x)


def without_bias(node: Node, *x: Tensor) -> Tensor:
    """The node's linear part: what its inputs alone contribute."""
    return _weigher(node)(node, *x, None) if isinstance(node, WeightLayer) else _PLAIN[type(node)](node, *x)


def bias_image(node: WeightLayer) -> Tensor:
    """The bias shaped to be added to a batch of the node's outputs."""
    return per_channel(node.bias, node.shape)


def first_potential(node: Fire, x: Tensor) -> Tensor:
    """The potentials of a batch of neurons before the first step ``[batch, *shape]``, in numbers of the type of `x`."""
    shape = (len(x), *node.shape)
    if node.start is None:
        return x.new_full(shape, node.code.neuron().initial)
    return per_channel(node.start, node.shape).to(x).expand(shape).clone()


def evaluate_all(nodes: tuple[Node, ...], x: Tensor) -> dict[str, Tensor]:
    """The output of every node, by name; neurons by their code's closed form.

    Args:
        nodes: in the order of evaluation, the input first.
        x: the network's input ``[batch, ...]``.
    """
    values: dict[str, Tensor] = {}
    for node in nodes:
        if isinstance(node, Input):
            values[node.name] = scaled_input(node, x)
        else:
            sources = [values[name] for name in node.inputs]
            values[node.name] = node.code.value(*sources) if isinstance(node, Fire) else evaluate(node, *sources)
    return values
