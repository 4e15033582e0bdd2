"""Pass: identity neurons where something would be done to sums that can only be done to events. Exact.

Weights and maxima are taken of events, and events are rewired. A weight layer behind another with nothing between (a
linear bottleneck), an upsampling by weights, a branch that goes two ways: their values must be carried on as spikes.
The neurons that do it compute y = x, a ReLU of slope 1, and need a code that carries values below zero. An analogue
island takes sums as they are. What an island gives is there in all steps, a current; where it is to be coded, neurons
fire it in front of the weights.
"""

from __future__ import annotations

from picojoule.conversion.diagonal import diagonal, unit
from picojoule.ir import (
    Add,
    AvgPool,
    Fate,
    Flatten,
    Input,
    Island,
    MaxPool,
    Network,
    Node,
    Pointwise,
    ReLU,
    Rewire,
    WeightLayer,
)


def carry(network: Network, coded_input: bool, coded_islands: bool = False) -> Network:
    """Put identity neurons behind every node whose sums cannot be passed on as they are.

    Args:
        network: a folded network.
        coded_input: whether the input will be spikes of its own neurons; weights of an analogue one need none.
        coded_islands: whether what an island gives is to reach weights as spikes.
    """
    tail = _tail(network)
    carries: dict[str, str] = {}
    neurons: dict[str, str] = {}
    nodes: list[Node] = []
    for node in network.nodes:
        incoming = [carries[name] for name in node.inputs]
        stopped = {
            name for name, what in zip(node.inputs, incoming, strict=True) if _stops(network, node, name, what, tail)
        }
        changing = {*incoming} - {"constant", "analogue"}
        if isinstance(node, Rewire) and changing and node.name not in tail:  # all of it, or nothing
            stopped = {name for name, what in zip(node.inputs, incoming, strict=True) if what != "events"}
        for name in (each for each in node.inputs if each in stopped and each not in neurons):
            made = _identity(network, network.by_name[name], driven=carries[name] in ("sums", "analogue"))
            nodes += made
            neurons[name] = made[-1].name
        nodes.append(node.reading({name: neurons[name] for name in stopped}))
        given = ["events" if name in stopped else carries[name] for name in node.inputs]
        carries[node.name] = _carries(node, given, coded_input, coded_islands)
    if not neurons:
        return network
    fates = [
        Fate(name, type(network.by_name[name]).__name__, "identity neurons behind it", "carry") for name in neurons
    ]
    return network.evolve(nodes, fates=fates)


def _tail(network: Network) -> set[str]:
    """What only picks and averages values for the output, or for an island; and sums for islands alone."""
    tail: set[str] = set()
    inner: set[str] = set()  # what islands alone read in the end
    for node in reversed(network.nodes):
        readers = network.consumers(node)
        picks, islands = isinstance(node, (Rewire, Flatten, AvgPool)), {*inner, *_islands(readers)}
        if (picks or isinstance(node, Add)) and readers and islands.issuperset(each.name for each in readers):
            inner.add(node.name)
        if node.name in inner or (picks and {*tail, *islands}.issuperset(each.name for each in readers)):
            tail.add(node.name)
    return tail


def _islands(nodes: list[Node]) -> list[str]:
    return [node.name for node in nodes if isinstance(node, Island)]


def _stops(network: Network, reader: Node, name: str, what: str, tail: set[str]) -> bool:
    """True where `reader` cannot take the sums of a node as they are."""
    if what == "analogue":
        return isinstance(reader, WeightLayer)
    if what != "sums":
        return False
    if reader.name in tail:
        return False
    if isinstance(reader, Add):  # sums have the scale of their one reader, whatever order it has its values in
        source = network.by_name[name]
        readers = [each for each in network.consumers(source) if not isinstance(each, Island)]
        return len(readers) > 1 or isinstance(source, (Rewire, Flatten))
    return isinstance(reader, (WeightLayer, MaxPool))


def _identity(network: Network, source: Node, *, driven: bool) -> list[Node]:
    """Identity neurons behind a node; synapses before them where no layer drives them."""
    name = f"{source.name}.carried"
    synapses = [] if driven else diagonal(f"{name}.synapses", source, unit(network))
    return [*synapses, ReLU(name=name, inputs=((synapses or [source])[-1].name,), shape=source.shape, slope=1.0)]


def _carries(node: Node, incoming: list[str], coded_input: bool, coded_islands: bool) -> str:
    """What a node gives: ``events``, ``sums`` of them, or what is there all the time: ``constant``, or ``analogue``
    where it is to be coded."""
    if isinstance(node, Input):
        return "events" if coded_input else "constant"
    if isinstance(node, Pointwise):
        return "events"
    if isinstance(node, (WeightLayer, Add)):
        still = {*incoming} <= {"constant", "analogue"}
        return ("analogue" if "analogue" in incoming else "constant") if still else "sums"
    if isinstance(node, Island):
        return "analogue" if coded_islands else "constant"
    return next((each for each in ("sums", "events", "analogue") if each in incoming), "constant")
