"""Pass: scales into weights, so that the value 1 is what a neuron carries at most. Exact.

::

    W'_ji = W_ji·λ_i / λ_j        b'_j = b_j / λ_j

λ_i is the scale of the layer's input, λ_j of its output, each per channel or one for the layer. Every activation
is then divided by its λ; the output keeps its own scale, by a last factor where it is an activation. An analogue
island reads values in their own scale and gives such.

A scale is of the rank of its node and broadcastable to it; NaN where a value is always zero and any scale would do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from picojoule.conversion.diagonal import diagonal, of_channels, unit
from picojoule.conversion.fold import columns
from picojoule.ir import (
    Activation,
    Add,
    Affine,
    AvgPool,
    Flatten,
    Input,
    Island,
    Linear,
    MaxPool,
    Network,
    Node,
    Pointwise,
    ReLU,
    Rewire,
    WeightLayer,
)
from picojoule.ir.dense import per_channel


def normalise(network: Network, scales: Mapping[str, Tensor]) -> Network:
    """Fold activation scales into the weight layers.

    Args:
        network: a folded network.
        scales: λ ``[channels]`` of each activation and of the input, by name; those of :func:`agreed`.
    """
    current: dict[str, Tensor] = {}
    nodes: list[Node] = []
    for node in network.nodes:
        incoming = [current[name] for name in node.inputs]
        outgoing = _scale_behind(network, node, scales)
        if isinstance(node, Input):
            current[node.name] = per_channel(scales[node.name], node.shape)
            node = replace(node, scale=float(scales[node.name][0]))
        elif isinstance(node, WeightLayer):
            node, current[node.name] = _fold(network, node, incoming[0], outgoing), outgoing
        elif isinstance(node, Island):
            given = zip(incoming, node.scales, strict=True)
            node = replace(node, scales=tuple(scale.nan_to_num(1.0).to(one) for scale, one in given))
            current[node.name] = torch.ones([1] * len(node.shape))
        elif isinstance(node, (Add, Activation)) or (isinstance(node, ReLU) and _sums(network, network.source(node))):
            outgoing = per_channel(scales[node.name], node.shape) if isinstance(node, Pointwise) else outgoing
            sources = network.sources(node)
            shortcuts = [_rescaled(network, each, node, current[each.name], outgoing) for each in sources]
            nodes += [made for shortcut in shortcuts for made in shortcut]
            node = node.reading({each[0].inputs[0]: each[-1].name for each in shortcuts if each})
            current[node.name] = outgoing
            if isinstance(node, Activation):
                node = replace(node, scale=float(scales[node.name][0]))
        else:
            current[node.name] = _pass_on(network, node, incoming, scales)
        nodes.append(node)
    return network.evolve([*nodes, *_undo(network, current[network.output.name])])


def agreed(network: Network, scales: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The scales with one for all that must share it: the largest.

    Neurons that integrate the same sums have one scale for each channel. Where a rewiring brings values of several
    channels into one that a layer reads (as a pixel shuffle does), all neurons it reads have one scale.
    """
    found = dict(scales)
    for node in network.nodes:
        readers = [each.name for each in network.consumers(node) if isinstance(each, Pointwise)]
        if len(readers) > 1:
            found.update(dict.fromkeys(readers, _one_for_all(network, readers, found)))
    current: dict[str, Tensor] = {}
    for node in network.nodes:
        if node.name in found:
            current[node.name] = per_channel(found[node.name], node.shape)
        elif isinstance(node, (WeightLayer, Add, Island)):
            current[node.name] = torch.ones([1] * len(node.shape))
        else:
            current[node.name] = _pass_on(network, node, [current[name] for name in node.inputs], found)
        if _mixes(node) and _of_channels(current[node.inputs[0]], network.source(node)) is None:
            sources = _neurons(network, network.source(node))
            most = torch.stack([found[name].amax() for name in sources]).amax()
            one = {name: most.expand(found[name].shape) for name in sources}
            return agreed(network, {**found, **one})
    return found


def _one_for_all(network: Network, readers: list[str], scales: Mapping[str, Tensor]) -> Tensor:
    """The largest scales, ``[channels]``; of all channels where a smooth function, which has one, is among them."""
    most = torch.stack([scales[name] for name in readers]).amax(0)
    smooth = any(isinstance(network.by_name[name], Activation) for name in readers)
    return most.amax().expand(most.shape) if smooth else most


def scale_of(network: Network, node: Node, scales: Mapping[str, Tensor]) -> Tensor:
    """λ of what a node passes on of the activations it reads, ``[channels]`` or one for each value."""
    if node.name in scales:
        return scales[node.name]
    incoming = [per_channel(scale_of(network, each, scales), each.shape) for each in network.sources(node)]
    scale = _pass_on(network, node, incoming, scales)
    channels = _of_channels(scale, node)
    return scale.nan_to_num(1.0) if channels is None else channels


def _mixes(node: Node) -> bool:
    """True for nodes that add or compare values of one channel at different positions."""
    return isinstance(node, (WeightLayer, MaxPool, AvgPool)) and not isinstance(node, Linear)


def _neurons(network: Network, node: Node) -> list[str]:
    """The activations, or the input, whose values a node passes on."""
    if isinstance(node, (Pointwise, Input)):
        return [node.name]
    return [] if isinstance(node, (WeightLayer, Add, Island)) else [
        name for source in network.sources(node) for name in _neurons(network, source)
    ]  # fmt: skip


def _of_channels(scale: Tensor, node: Node) -> Tensor | None:
    """A scale as ``[channels]``, 1 where any would do; None where the positions of a channel have different ones."""
    if scale.shape[1:].numel() == 1:
        return scale.flatten().nan_to_num(1.0)
    rows = scale.flatten(1)
    largest = rows.nan_to_num(-torch.inf).amax(1, keepdim=True)
    same = bool(((rows == largest) | rows.isnan()).all())
    return torch.where(largest > 0, largest, 1.0)[:, 0] if same else None


def _undo(network: Network, scale: Tensor) -> list[Node]:
    """The factor that gives an output which is an activation its own scale again; nothing for any other output."""
    scale = scale.nan_to_num(1.0)
    if bool((scale == 1).all()):
        return []
    output, gain = network.output, scale.to(next(network.all(WeightLayer)).weight)
    channels = of_channels(gain, output.shape)
    gain = gain.expand(output.shape).clone() if channels is None else channels
    return [
        Affine(name="output.scale", inputs=(output.name,), shape=output.shape, gain=gain, shift=torch.zeros_like(gain))
    ]


def _scale_behind(network: Network, node: Node, scales: Mapping[str, Tensor]) -> Tensor:
    """λ of the activation that follows a weight layer, behind an average pool too; 1 where none does."""
    for consumer in network.consumers(node):
        if isinstance(consumer, Pointwise):
            return per_channel(scales[consumer.name], consumer.shape)
        if isinstance(consumer, (Add, AvgPool)):
            return _scale_behind(network, consumer, scales)
    return torch.ones(node.shape[0], *[1] * (len(node.shape) - 1))


def _rescaled(network: Network, source: Node, reader: Node, incoming: Tensor, outgoing: Tensor) -> list[Node]:
    """What brings values to the scale of their reader; nothing for sums and island values that have it."""
    if _sums(network, source) and bool((incoming == outgoing).all()):
        return []
    gain = incoming.nan_to_num(1.0) / outgoing.to(incoming)
    return diagonal(f"{reader.name}.{source.name}", source, gain.to(unit(network)))


def _sums(network: Network, node: Node) -> bool:
    """True for a weight layer's sums, averaged or not, and for what islands give."""
    paths = isinstance(node, (AvgPool, Rewire, Flatten)) and all(_sums(network, each) for each in network.sources(node))
    return isinstance(node, (WeightLayer, Add, Island)) or paths


def _pass_on(network: Network, node: Node, incoming: list[Tensor], scales: Mapping[str, Tensor]) -> Tensor:
    """The scale of a node without weights."""
    if node.name in scales:
        return per_channel(scales[node.name], node.shape)
    if isinstance(node, Flatten):
        return incoming[0].expand(network.source(node).shape).flatten()
    if isinstance(node, Rewire):
        return _rewired(network, node, incoming)
    assert isinstance(node, (Pointwise, MaxPool, AvgPool)), node
    channels = _of_channels(incoming[0], network.source(node))
    return incoming[0] if channels is None else per_channel(channels, node.shape)


def _rewired(network: Network, node: Rewire, incoming: list[Tensor]) -> Tensor:
    """The scale of each value where it came from; one for each channel where its positions do not differ."""
    shapes = [source.shape for source in network.sources(node)]
    values = torch.cat([scale.expand(shape).flatten() for scale, shape in zip(incoming, shapes, strict=True)])
    gathered = torch.where(node.index < 0, torch.nan, values[node.index]).reshape(node.shape)
    channels = _of_channels(gathered, node) if len(node.shape) > 1 else None
    return gathered if channels is None else per_channel(channels, node.shape)


def _fold(network: Network, layer: WeightLayer, incoming: Tensor, outgoing: Tensor) -> WeightLayer:
    columns_of = (
        incoming.nan_to_num(1.0) if isinstance(layer, Linear) else _of_channels(incoming, network.source(layer))
    )
    assert columns_of is not None, layer.name
    columns_of = columns_of.to(layer.weight).expand(network.source(layer).shape[0])
    rows = outgoing.flatten().to(layer.weight)
    weight = layer.weight * columns(layer, columns_of) / rows.reshape(-1, *[1] * (layer.weight.dim() - 1))
    return replace(layer, weight=weight, bias=layer.bias / rows.reshape(-1, *[1] * (layer.bias.dim() - 1)))
