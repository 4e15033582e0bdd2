"""Pass: every ReLU becomes spiking neurons, and the input too where it is coded. Approximate, by the error law."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from picojoule.base.errors import ConversionError
from picojoule.codes import Code
from picojoule.ir import Add, AvgPool, Fate, Fire, Flatten, Input, MaxPool, Network, Node, ReLU, WeightLayer


def to_spiking(
    network: Network, codes: Mapping[str, Code], scales: Mapping[str, Tensor], *, coded_input: bool
) -> Network:
    """Replace each ReLU by neurons.

    Args:
        network: a normalised network.
        codes: the code of each ReLU and, where it is coded, of the input, by name.
        scales: λ of each, kept in the node for whoever reads its values.
        coded_input: whether the input is spikes of its own neurons or an analogue current.

    Raises:
        ConversionError: a ReLU that no weight layer drives, or a layer that would read sums instead of events.
    """
    _require_events(network, coded_input=coded_input)
    nodes: list[Node] = []
    fates: list[Fate] = []
    stands_for: dict[str, str] = {}
    for node in network.nodes:
        node = node.reading(stands_for)
        if isinstance(node, ReLU):
            layer = _layer(network, network.by_name[node.name])
            nodes.append(_neurons(node, codes[node.name], layer, scales[node.name]))
            fates.append(Fate(node.name, "ReLU", f"{codes[node.name].label} neurons of {layer}", "to_spiking"))
            continue
        nodes.append(node)
        if isinstance(node, Input) and coded_input:
            pixels = Fire(
                name="input.fire",
                inputs=(node.name,),
                shape=node.shape,
                code=codes["input"],
                layer="input",
                scale=scales["input"],
            )
            nodes.append(pixels)
            stands_for[node.name] = pixels.name
            fates.append(Fate("input", "Input", f"{codes['input'].label} neurons", "to_spiking"))
    return network.evolve(nodes, fates=fates)


def _neurons(node: ReLU, code: Code, layer: str, scale: Tensor) -> Fire:
    return Fire(name=node.name, inputs=node.inputs, shape=node.shape, code=code, layer=layer, scale=scale)


def _require_events(network: Network, *, coded_input: bool) -> None:
    """Weights and maxima are taken of events, or of an input that is the same in every step; not of sums of events."""
    carries: dict[str, str] = {}
    for node in network.nodes:
        arriving = {carries[name] for name in node.inputs}
        incoming = "sums" if "sums" in arriving else "".join(sorted(arriving))
        if isinstance(node, (WeightLayer, MaxPool)) and incoming == "sums":
            raise ConversionError(
                f"it reads the sums of {_layer(network, node)}, with no neurons between",
                where=f"node {node.name} ({type(node).__name__})",
                remedy="put a ReLU between the two, or make one layer of them",
            )
        if isinstance(node, Input):
            carries[node.name] = "events" if coded_input else "constant"
        elif isinstance(node, WeightLayer) and incoming == "events":
            carries[node.name] = "sums"
        else:
            carries[node.name] = "events" if isinstance(node, ReLU) else incoming


def _main(sources: list[Node]) -> Node:
    """Of the branches that meet, the one with a weight layer."""
    return next((source for source in sources if isinstance(source, WeightLayer)), sources[0])


def _layer(network: Network, node: Node) -> str:
    """The weight layer that drives a ReLU."""
    source = network.source(node)
    while isinstance(source, (MaxPool, AvgPool, Flatten, Add)):
        source = _main(network.sources(source))
    if not isinstance(source, WeightLayer):
        raise ConversionError(
            f"it follows a {type(source).__name__}, not a weight layer",
            where=f"node {node.name} (ReLU)",
            remedy="remove this activation",
        )
    return source.name
