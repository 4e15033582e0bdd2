"""Pass: scales into weights, so that the value 1 is what a neuron carries at most. Exact.

::

    W'_ji = W_ji·λ_i / λ_j        b'_j = b_j / λ_j

λ_i is the scale of the layer's input, λ_j of its output, each per channel or one for the layer. Every activation
is then divided by its λ; the output keeps its own scale, by a last factor where it is an activation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

import torch
from torch import Tensor

from picojoule.base.errors import ConversionError
from picojoule.ir import Add, Affine, AvgPool, Conv, Flatten, Input, MaxPool, Network, Node, ReLU, WeightLayer


def normalise(network: Network, scales: Mapping[str, Tensor]) -> Network:
    """Fold activation scales into the weight layers.

    Args:
        network: a folded network.
        scales: λ ``[channels]`` of each ReLU and of the input, by name.
    """
    current: dict[str, Tensor] = {}
    nodes: list[Node] = []
    for node in network.nodes:
        incoming = current[node.inputs[0]] if node.inputs else None
        outgoing = _scale_behind(network, node, scales)
        if isinstance(node, Input):
            node, current[node.name] = replace(node, scale=float(scales[node.name][0])), scales[node.name]
        elif isinstance(node, WeightLayer):
            assert incoming is not None
            node, current[node.name] = _fold(node, incoming, outgoing), outgoing
        elif isinstance(node, Add):
            shortcuts = [_rescaled(source, node, current[source.name], outgoing) for source in network.sources(node)]
            nodes += [shortcut for shortcut in shortcuts if shortcut]
            node = node.reading({each.inputs[0]: each.name for each in shortcuts if each})
            current[node.name] = outgoing
        else:
            current[node.name] = _pass_on(node, incoming, scales)
        nodes.append(node)
    return network.evolve([*nodes, *_undo(network, current[network.output.name])])


def _undo(network: Network, scale: Tensor) -> list[Node]:
    """The factor that gives an output which is an activation its own scale again; nothing for any other output."""
    if bool((scale == 1).all()):
        return []
    output, gain = network.output, scale.to(next(network.all(WeightLayer)).weight)
    return [
        Affine(name="output.scale", inputs=(output.name,), shape=output.shape, gain=gain, shift=torch.zeros_like(gain))
    ]


def _scale_behind(network: Network, node: Node, scales: Mapping[str, Tensor]) -> Tensor:
    """λ of the activation that follows a weight layer, behind an average pool too; 1 where none does."""
    for consumer in network.consumers(node):
        if isinstance(consumer, ReLU):
            return scales[consumer.name]
        if isinstance(consumer, (Add, AvgPool)):
            return _scale_behind(network, consumer, scales)
    return torch.ones(node.shape[0])


def _rescaled(source: Node, add: Add, incoming: Tensor, outgoing: Tensor) -> Conv | None:
    """What brings a branch to the scale of the sum: a depthwise convolution, so that its synapses are counted.

    None for a weight layer that has that scale already.
    """
    if isinstance(source, (WeightLayer, Add)) and torch.equal(incoming, outgoing):
        return None
    if len(source.shape) == 1:
        raise ConversionError(
            f"it adds the values of {source.name} without positions",
            where=f"node {add.name} (Add)",
            remedy="put a linear layer into the branch",
        )
    channels, one = source.shape[0], (1,) * (len(source.shape) - 1)
    gain = (incoming / outgoing.to(incoming)).float().expand(channels)
    return Conv(
        name=f"{add.name}.{source.name}",
        inputs=(source.name,),
        shape=source.shape,
        weight=gain.reshape(channels, 1, *one).clone(),
        bias=torch.zeros(channels),
        has_bias=False,
        stride=one,
        padding=tuple(0 for _ in one),
        dilation=one,
        groups=channels,
    )


def _pass_on(node: Node, incoming: Tensor | None, scales: Mapping[str, Tensor]) -> Tensor:
    """The scale of a node without weights, per channel of its output."""
    if node.name in scales:
        return scales[node.name]
    assert incoming is not None and isinstance(node, (ReLU, MaxPool, AvgPool, Flatten)), node
    if isinstance(node, Flatten):
        return incoming.repeat_interleave(prod(node.shape) // len(incoming))
    return incoming


def _fold(layer: WeightLayer, incoming: Tensor, outgoing: Tensor) -> WeightLayer:
    incoming, outgoing = incoming.to(layer.weight), outgoing.to(layer.weight)
    rows = outgoing.reshape(-1, *[1] * (layer.weight.dim() - 1))
    return replace(layer, weight=layer.weight * _columns(layer, incoming) / rows, bias=layer.bias / outgoing)


def _columns(layer: WeightLayer, incoming: Tensor) -> Tensor:
    """λ of the input, shaped like the weight's input axis; of each group its own channels."""
    if not isinstance(layer, Conv):
        return incoming
    kernel = [1] * (layer.weight.dim() - 2)
    grouped = incoming.reshape(layer.groups, 1, -1)
    per_output = grouped.expand(-1, layer.weight.shape[0] // layer.groups, -1)
    return per_output.reshape(layer.weight.shape[0], -1, *kernel)
