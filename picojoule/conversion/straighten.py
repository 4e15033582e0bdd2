"""Pass: rewirings in chains as one, none where values stay in their order; equal rewirings and ReLUs as one. Exact."""

from __future__ import annotations

from itertools import accumulate

import torch
from torch import Tensor

from picojoule.conversion.moves import in_order
from picojoule.ir import Fate, Flatten, Network, Node, ReLU, Rewire
from picojoule.ir.network import live


def straighten(network: Network) -> Network:
    """Let every rewiring read from where its values come from, and equal ones be one."""
    made: dict[str, Node] = {}
    stands_for: dict[str, str] = {}
    relus: dict[tuple[object, ...], str] = {}
    wires: dict[tuple[object, ...], str] = {}
    fates = []
    for node in network.nodes:
        node = node.reading(stands_for)
        if isinstance(node, Flatten):
            node = _past_reshaping(node, made)
        if isinstance(node, Rewire):
            node = _direct(node, made)
            source = made[node.inputs[0]]
            if node.shape == source.shape and in_order(node, [source]):
                stands_for[node.name] = source.name
                fates.append(Fate(node.name, "Rewire", f"nothing: {source.name} is in place", "straighten"))
                continue
            key = (node.inputs, node.shape, node.index.numpy().tobytes())
            twin = wires.setdefault(key, node.name)
            if twin != node.name:
                stands_for[node.name] = twin
                fates.append(Fate(node.name, "Rewire", f"the same as {twin}", "straighten"))
                continue
        if isinstance(node, ReLU):
            twin = relus.setdefault((node.inputs, node.slope, node.ceiling), node.name)
            if twin != node.name:
                stands_for[node.name] = twin
                fates.append(Fate(node.name, node.kind, f"the same as {twin}", "straighten"))
                continue
        made[node.name] = node
    if not stands_for and all(made[node.name] is node for node in network.nodes):
        return network
    output = stands_for.get(network.output.name, network.output.name)
    return network.evolve(live(made, output), fates=fates)


def _past_reshaping(node: Flatten, made: dict[str, Node]) -> Node:
    """It reads what a rewiring reads that leaves all values of one node in their order."""
    source = made[node.inputs[0]]
    reshapes = isinstance(source, Rewire) and in_order(source, [made[name] for name in source.inputs])
    return node.reading({source.name: source.inputs[0]}) if reshapes else node


def _direct(node: Rewire, made: dict[str, Node]) -> Rewire:
    """The rewiring without those in front of it."""
    while any(isinstance(made[name], Rewire) for name in node.inputs):
        sources = [made[name].inputs if isinstance(made[name], Rewire) else (name,) for name in node.inputs]
        inputs = list(dict.fromkeys(name for each in sources for name in each))
        first = dict(zip(inputs, accumulate((made[name].size for name in inputs), initial=0), strict=False))
        index = torch.cat([_places(made[name], made, first) for name in node.inputs])
        index = torch.where(node.index < 0, -1, index[node.index])
        node = Rewire(name=node.name, inputs=tuple(inputs), shape=node.shape, index=index)
    return node


def _places(source: Node, made: dict[str, Node], first: dict[str, int]) -> Tensor:
    """Where each value of a source is among the values of the new inputs."""
    if not isinstance(source, Rewire):
        return torch.arange(source.size) + first[source.name]
    mine = torch.cat([torch.arange(made[name].size) + first[name] for name in source.inputs])
    return torch.where(source.index < 0, -1, mine[source.index])
