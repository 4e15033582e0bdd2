"""Pass: each activation in front of the maximum pools, the flattening and the rewiring it stands behind. Exact.

::

    relu(max(x)) = max(relu(x))        relu(x[index]) = relu(x)[index], and relu(0) = 0

A maximum of membrane currents is not the maximum of their sums over time; one of spikes is taken over their sums.
Neurons in front of a rewiring are as many as there are values, and what is wired further are their events. A smooth
activation goes in front of a rewiring that fills in no zeros, but not of a maximum pool, as it need not be monotone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from picojoule.ir import Fate, Flatten, Island, MaxPool, Network, Node, Pointwise, ReLU, Rewire

_MOVERS = (MaxPool, Flatten, Rewire)


def standardise(network: Network, movers: tuple[type[Node], ...] = _MOVERS) -> Network:
    """Move every activation that alone follows nodes that pick values in front of them.

    Args:
        network: a folded network.
        movers: the kinds of nodes that pick values.
    """
    early: dict[str, list[Pointwise]] = {}  # the activations to come behind each node
    instead: dict[tuple[str, str], str] = {}  # what a node on the way reads instead
    moved: dict[str, str] = {}  # what stands for one that has moved
    fates = []
    for activation in network.all(Pointwise):
        edges = list(_edges(network, activation, activation, movers))
        if any(reader is not activation for reader, _ in edges):
            sources = list(dict.fromkeys(source.name for _, source in edges))
            for reader, source in edges:
                name = activation.name if len(sources) == 1 else f"{activation.name}.{source.name}"
                if (reader.name, source.name) not in instead:
                    early.setdefault(source.name, [])
                    if all(each.name != name for each in early[source.name]):
                        early[source.name].append(
                            replace(activation, name=name, inputs=(source.name,), shape=source.shape)
                        )
                    instead[reader.name, source.name] = name
            moved[activation.name] = activation.inputs[0]
            told = ", ".join(dict.fromkeys(reader.name for reader, _ in edges))
            fates.append(Fate(activation.name, activation.kind, f"{activation.kind} in front of {told}", "standardise"))
    return network.evolve(_arranged(network, early, instead, moved), fates=fates) if moved else network


def _edges(
    network: Network, node: Node, moving: Pointwise, movers: tuple[type[Node], ...]
) -> Iterator[tuple[Node, Node]]:
    """The (reader, source) pairs in which values enter the nodes that only pick some and that only `node` reads."""
    for source in network.sources(node):
        passed = isinstance(source, movers) and (isinstance(moving, ReLU) or _keeps(source))
        passed = passed and not _orders_an_island(network, source)
        if passed and len(network.consumers(source)) == 1:
            yield from _edges(network, source, moving, movers)
        else:
            yield node, source


def _orders_an_island(network: Network, node: Node) -> bool:
    """True where a rewiring only brings what an island gives into the order of a layer, whose channels have scales."""
    (source, *others) = network.sources(node)
    return isinstance(node, Rewire) and isinstance(source, Island) and not others and node.size == source.size


def _keeps(node: Node) -> bool:
    """True for nodes that give values they read and nothing else."""
    return isinstance(node, Flatten) or (isinstance(node, Rewire) and bool((node.index >= 0).all()))


def _arranged(
    network: Network, early: dict[str, list[Pointwise]], instead: dict[tuple[str, str], str], moved: dict[str, str]
) -> Iterator[Node]:
    """The nodes in their new order."""
    for node in network.nodes:
        if node.name in moved:
            continue
        names = {name: instead.get((node.name, name), name) for name in node.inputs}
        names = {name: _through(moved, new) if (node.name, name) not in instead else new for name, new in names.items()}
        yield node.reading(names)
        for activation in early.get(node.name, ()):
            yield activation.reading({activation.inputs[0]: _through(moved, activation.inputs[0])})


def _through(moved: dict[str, str], name: str) -> str:
    while name in moved:
        name = moved[name]
    return name
