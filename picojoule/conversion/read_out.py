"""Pass: read-outs, where branches meet of which one comes from an island and another came earlier. Exact.

An island gives its values once the windows of its inputs are over. A branch beside it whose events have come and gone
by then (a residual connection around an attention) is gathered and held, as an island of the identity does it.
"""

from __future__ import annotations

from collections.abc import Mapping

from picojoule.conversion.diagonal import unit
from picojoule.ir import Fate, Island, Network, Node
from picojoule.ir.operations import Identity
from picojoule.ir.schedule import Window, gathers, schedule_of


def read_out(network: Network) -> Network:
    """Hold every branch that would arrive before the values of an island that it meets."""
    while found := _meeting(network):
        node, early = found
        made = {name: _identity(network, network.by_name[name], node) for name in early}
        nodes = []
        for each in network.nodes:
            nodes += (
                [*made.values(), each.reading({name: held.name for name, held in made.items()})]
                if (each.name == node.name)
                else [each]
            )
        fates = [Fate(name, type(network.by_name[name]).__name__, f"read out for {node.name}", "read_out")
                 for name in early]  # fmt: skip
        network = network.evolve(nodes, fates=fates)
    return network


def _identity(network: Network, source: Node, reader: Node) -> Island:
    return Island(
        name=f"{reader.name}.{source.name}.held",
        inputs=(source.name,),
        shape=source.shape,
        operation="read-out",
        function=Identity(),
        scales=(unit(network),),
        macs=2 * source.size,
    )


def _meeting(network: Network) -> tuple[Node, list[str]] | None:
    """The first node at which branches of different windows meet, an island above one of them, and the early ones."""
    windows: dict[str, Window] = {}
    below: set[str] = set()
    for node in network.nodes if any(network.all(Island)) else ():
        if isinstance(node, Island) or not below.isdisjoint(node.inputs):
            below.add(node.name)
        if len(node.inputs) > 1 and not isinstance(node, Island):
            early = _early(network, node, windows)
            if early and node.name in below and not gathers(network, node):
                return node, early
            windows[node.name] = _last(network, node, windows)
        else:
            windows[node.name] = schedule_of(network, node, windows)
    return None


def _early(network: Network, node: Node, windows: Mapping[str, Window]) -> list[str]:
    """The branches of events, or of their sums, that do not arrive with the last of what it reads."""
    last = max(windows[name].start for name in node.inputs)
    changing = dict.fromkeys(name for name in node.inputs if name not in network.analogue)
    return [name for name in changing if windows[name].start < last]


def _last(network: Network, node: Node, windows: Mapping[str, Window]) -> Window:
    """The window in which its branches meet once relays, if any, have brought them together."""
    changing = [name for name in node.inputs if name not in network.analogue]
    return max((windows[name] for name in changing or node.inputs), key=lambda each: each.start)
