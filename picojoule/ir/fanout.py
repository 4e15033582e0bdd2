"""True fan-out: how many synapses one event reaches, at borders, strides, groups and behind pooling.

An event at a position of a node reaches, in each weight layer it feeds, as many synapses as a network of all-ones
weights would give it: the gradient of the sum of that layer's outputs. Average pooling, flattening and rewiring pass
events on; a maximum pool makes events of its own. What gathers a value for an island is one synapse.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from picojoule.ir.dense import sum_pool, without_bias
from picojoule.ir.network import Network
from picojoule.ir.nodes import AvgPool, Fire, Flatten, Frames, Island, MaxPool, Node, Rewire, WeightLayer

Step = tuple[Node, int]
"""A node on the way of an event, and which of its inputs the event comes by."""


def event_sources(network: Network) -> list[Node]:
    """The nodes whose outputs are events: neurons, frames of events, and maximum pools behind them."""
    sources: list[Node] = []
    for node in network.nodes:
        if isinstance(node, (Fire, Frames)) or (isinstance(node, MaxPool) and _from_events(network, node)):
            sources.append(node)
    return sources


def fan_out(network: Network, source: Node) -> dict[str, Tensor]:
    """Synapses reached by one event, int64 of `source`'s shape, for each weight layer and island it feeds, by name."""
    reached: dict[str, Tensor] = {}
    for layer, path in _paths(network, source, ()):
        total = reached.get(layer.name, torch.zeros(source.shape, dtype=torch.int64))
        reached[layer.name] = total + _synapses(network, source, path)
    return reached


def own_fan_out(network: Network, layer: WeightLayer) -> Tensor:
    """Synapses of each value a weight layer reads directly, int64 of its source's shape."""
    return _synapses(network, network.source(layer), ((layer, 0),))


def _from_events(network: Network, node: Node) -> bool:
    source = network.source(node)
    passes = isinstance(source, (MaxPool, AvgPool, Flatten, Rewire))
    return isinstance(source, Fire) or (passes and _from_events(network, source))


def _paths(network: Network, node: Node, path: tuple[Step, ...]) -> list[tuple[Node, tuple[Step, ...]]]:
    found = []
    for consumer in network.consumers(node):
        for place, name in enumerate(consumer.inputs):
            if name == node.name and isinstance(consumer, (WeightLayer, Island)):
                found.append((consumer, (*path, (consumer, place))))
            elif name == node.name and isinstance(consumer, (AvgPool, Flatten, Rewire)):
                found += _paths(network, consumer, (*path, (consumer, place)))
    return found


def _synapses(network: Network, source: Node, path: tuple[Step, ...]) -> Tensor:
    layer = path[-1][0]
    device = layer.weight.device if isinstance(layer, WeightLayer) else None
    with torch.inference_mode(False), torch.enable_grad():
        x = torch.zeros(1, *source.shape, dtype=torch.float64, device=device, requires_grad=True)
        out = x
        for node, place in path if isinstance(layer, WeightLayer) else path[:-1]:
            others = [out.new_zeros(1, *each.shape) for each in network.sources(node)]
            out = _pass_on(node, *others[:place], out, *others[place + 1 :])
        (gradient,) = torch.autograd.grad(out.sum(), x)
    return gradient[0].round().long().cpu()


def _pass_on(node: Node, *events: Tensor) -> Tensor:
    """Where events go: a weight layer of ones; an average pool passes each event of a window on whole."""
    if isinstance(node, WeightLayer):
        return without_bias(replace(node, weight=torch.ones_like(node.weight, dtype=torch.float64)), *events)
    return sum_pool(node, *events) if isinstance(node, AvgPool) else without_bias(node, *events)
