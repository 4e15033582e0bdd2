"""Pass: each ReLU in front of the maximum pools and the flattening it stands behind. Exact.

::

    relu(max(x)) = max(relu(x))

A maximum of membrane currents is not the maximum of their sums over time; one of spikes is taken over their sums.
"""

from __future__ import annotations

from dataclasses import replace

from picojoule.ir import Fate, Flatten, MaxPool, Network, Node, ReLU


def standardise(network: Network) -> Network:
    """Move every ReLU that alone follows a maximum pool or a flattening in front of it."""
    while (relu := _late(network)) is not None:
        network = _swapped(network, network.source(relu), relu)
    return network


def _late(network: Network) -> ReLU | None:
    """A ReLU behind a pool or a flattening that nothing else reads."""
    for relu in network.all(ReLU):
        source = network.source(relu)
        if isinstance(source, (MaxPool, Flatten)) and len(network.consumers(source)) == 1:
            return relu
    return None


def _swapped(network: Network, first: Node, relu: ReLU) -> Network:
    """`first → relu` as `relu → first`."""
    early = replace(relu, inputs=first.inputs, shape=network.source(first).shape)
    late = replace(first, inputs=(relu.name,))
    nodes: list[Node] = []
    for node in network.nodes:
        if node is first:
            nodes += [early, late]
        elif node is not relu:
            nodes.append(node.reading({relu.name: first.name}))
    fate = Fate(relu.name, "ReLU", f"ReLU in front of {first.name}", "standardise")
    return network.evolve(nodes, fates=(fate,))
