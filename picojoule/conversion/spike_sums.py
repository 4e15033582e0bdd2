"""Pass: weights on a sum of spikes as weights on every term of it. Exact.

::

    W·(s₁ + s₂ + …)  =  [W W …]·[s₁; s₂; …]

Spikes that are added element by element (the blocks of Fang et al. 2021, "Deep Residual Learning in Spiking Neural
Networks") are no spikes but numbers from 0 to their count. Each term keeps its own spikes here, and its own synapses
into every layer that reads the sum: an event stays one event, worth one weight. What moves or averages a sum does it to
each term. Sums that drive neurons are currents, and stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from picojoule.conversion.moves import wired
from picojoule.ir import Add, AvgPool, Conv, ConvTranspose, Flatten, MaxPool, Network, Node, ReLU, Rewire, WeightLayer
from picojoule.ir.network import live


def spike_sums(network: Network, frames: bool) -> Network:
    """Let no weights read a sum of spikes.

    Args:
        network: traced, with ReLUs in place of its neurons.
        frames: its input is spikes.
    """
    made: dict[str, Node] = {}
    terms: dict[str, list[str]] = {"input": ["input"]} if frames else {}
    for node in network.nodes:
        made[node.name] = node
        if isinstance(node, ReLU):
            terms[node.name] = [node.name]
        elif node.inputs and all(name in terms for name in node.inputs):
            of = [terms[name] for name in node.inputs]
            if isinstance(node, Add):
                terms[node.name] = [name for each in of for name in each]
            elif isinstance(node, MaxPool) and len(of[0]) == 1:  # spikes again
                terms[node.name] = [node.name]
            elif isinstance(node, WeightLayer):
                made.pop(node.name)
                made |= {each.name: each for each in _stacked(node, made, of[0])}
            elif isinstance(node, (AvgPool, Flatten, Rewire)):
                each_term = _of_each(node, made, of)
                made |= {each.name: each for each in each_term}
                terms[node.name] = [each.name for each in each_term]
    if made.keys() == network.by_name.keys():
        return network
    return network.evolve(live(made, network.output.name))


def _stacked(node: WeightLayer, made: Mapping[str, Node], terms: list[str]) -> list[Node]:
    """A layer that reads the terms side by side, group by group."""
    if len(terms) == 1:
        return [node]
    groups = node.groups if isinstance(node, (Conv, ConvTranspose)) else 1
    channels, *positions = made[terms[0]].shape
    own = torch.arange(made[terms[0]].size).view(groups, channels // groups, *positions)
    parts = []
    for k, term in enumerate(terms):
        places = torch.full((len(terms), *own.shape), -1)
        places[k] = own
        parts.append((made[term], places.transpose(0, 1).flatten()))
    joined = wired(f"{node.name}.terms", (len(terms) * channels, *positions), parts)
    weight = torch.cat([node.weight] * len(terms), 1)
    return [joined, replace(node, inputs=(joined.name,), weight=weight)]


def _of_each(node: Node, made: Mapping[str, Node], of: list[list[str]]) -> list[Node]:
    """What moves or averages values, of every term: of the k-th of each input, where there is such."""
    count = max(map(len, of))
    if count == 1:
        return [node]
    if not isinstance(node, Rewire):
        return [replace(node, name=f"{node.name}.{k}", inputs=(term,)) for k, term in enumerate(of[0])]
    return [_moved(node, made, of, k) for k in range(count)]


def _moved(node: Rewire, made: Mapping[str, Node], of: list[list[str]], k: int) -> Rewire:
    parts, before = [], 0
    for name, terms in zip(node.inputs, of, strict=True):
        size = made[name].size
        if k < len(terms):
            mine = (node.index >= before) & (node.index < before + size)
            parts.append((made[terms[k]], torch.where(mine, node.index - before, -1)))
        before += size
    return wired(f"{node.name}.{k}", node.shape, parts)
