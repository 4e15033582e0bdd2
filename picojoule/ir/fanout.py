"""True fan-out: how many synapses one event reaches, at borders, strides, groups and behind pooling.

An event at a position of a node reaches, in each weight layer it feeds, as many synapses as a network of all-ones
weights would give it: the gradient of the sum of that layer's outputs. Average pooling and flattening pass events
on; a maximum pool makes events of its own.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from picojoule.ir.dense import sum_pool, without_bias
from picojoule.ir.network import Network
from picojoule.ir.nodes import AvgPool, Fire, Flatten, MaxPool, Node, WeightLayer


def event_sources(network: Network) -> list[Node]:
    """The nodes whose outputs are events: neurons, and maximum pools behind them."""
    sources: list[Node] = []
    for node in network.nodes:
        if isinstance(node, Fire) or (isinstance(node, MaxPool) and _from_events(network, node)):
            sources.append(node)
    return sources


def fan_out(network: Network, source: Node) -> dict[str, Tensor]:
    """Synapses reached by one event, int64 of `source`'s shape, for each weight layer it feeds, by name."""
    reached: dict[str, Tensor] = {}
    for layer, path in _paths(network, source, ()):
        total = reached.get(layer.name, torch.zeros(source.shape, dtype=torch.int64))
        reached[layer.name] = total + _synapses(source, path)
    return reached


def own_fan_out(network: Network, layer: WeightLayer) -> Tensor:
    """Synapses of each value a weight layer reads directly, int64 of its source's shape."""
    return _synapses(network.source(layer), (layer,))


def _from_events(network: Network, node: Node) -> bool:
    source = network.source(node)
    return isinstance(source, Fire) or (
        isinstance(source, (MaxPool, AvgPool, Flatten)) and _from_events(network, source)
    )


def _paths(network: Network, node: Node, path: tuple[Node, ...]) -> list[tuple[WeightLayer, tuple[Node, ...]]]:
    found = []
    for consumer in network.consumers(node):
        if isinstance(consumer, WeightLayer):
            found.append((consumer, (*path, consumer)))
        elif isinstance(consumer, (AvgPool, Flatten)):
            found += _paths(network, consumer, (*path, consumer))
    return found


def _synapses(source: Node, path: tuple[Node, ...]) -> Tensor:
    with torch.inference_mode(False), torch.enable_grad():
        x = torch.zeros(1, *source.shape, dtype=torch.float64, device=_device(path), requires_grad=True)
        out = x
        for node in path:
            out = _pass_on(node, out)
        (gradient,) = torch.autograd.grad(out.sum(), x)
    return gradient[0].round().long().cpu()


def _device(path: tuple[Node, ...]) -> torch.device:
    layer = path[-1]
    assert isinstance(layer, WeightLayer)
    return layer.weight.device


def _pass_on(node: Node, events: Tensor) -> Tensor:
    """Where events go: a weight layer of ones; an average pool passes each event of a window on whole."""
    if isinstance(node, WeightLayer):
        return without_bias(replace(node, weight=torch.ones_like(node.weight, dtype=torch.float64)), events)
    return sum_pool(node, events) if isinstance(node, AvgPool) else without_bias(node, events)
