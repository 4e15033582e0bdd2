"""Pass: activations become spiking neurons, and the input too where it is coded. Approximate, by the error law."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from picojoule.base.errors import ConversionError
from picojoule.codes import Code
from picojoule.ir import (
    Activation,
    Add,
    AvgPool,
    Fate,
    Fire,
    Flatten,
    Input,
    Island,
    MaxPool,
    Network,
    Node,
    Pointwise,
    Rewire,
    WeightLayer,
)


def to_spiking(
    network: Network, codes: Mapping[str, Code], scales: Mapping[str, Tensor], *, coded_input: bool
) -> Network:
    """Replace each activation by neurons.

    Args:
        network: a normalised network.
        codes: the code of each activation and, where it is coded, of the input, by name.
        scales: λ of each, kept in the node for whoever reads its values.
        coded_input: whether the input is spikes of its own neurons or an analogue current.

    Raises:
        ConversionError: an activation that no weight layer drives.
    """
    nodes: list[Node] = []
    fates: list[Fate] = []
    stands_for: dict[str, str] = {}
    taken: set[str] = set()
    for node in network.nodes:
        node = node.reading(stands_for)
        if isinstance(node, Pointwise):
            layer = _layer(network, network.by_name[node.name])
            layer = node.name if layer in taken else layer  # a layer may drive several populations
            taken.add(layer)
            nodes.append(_neurons(node, codes[node.name], layer, scales[node.name]))
            fates.append(Fate(node.name, node.kind, f"{codes[node.name].label} neurons of {layer}", "to_spiking"))
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


def _neurons(node: Pointwise, code: Code, layer: str, scale: Tensor) -> Fire:
    if isinstance(node, Activation):
        code = code.scaled(node.scale)
    return Fire(name=node.name, inputs=node.inputs, shape=node.shape, code=code, layer=layer, scale=scale)


def _main(sources: list[Node]) -> Node:
    """Of the branches that meet, the one with a weight layer or an island."""
    return next((source for source in sources if isinstance(source, (WeightLayer, Island))), sources[0])


def _layer(network: Network, node: Node) -> str:
    """The weight layer, or island, that drives an activation."""
    source = network.source(node)
    while isinstance(source, (MaxPool, AvgPool, Flatten, Rewire, Add)):
        source = _main(network.sources(source))
    if not isinstance(source, (WeightLayer, Island)):
        raise ConversionError(
            f"it follows a {type(source).__name__}, not a weight layer",
            where=f"node {node.name} ({type(node).__name__})",
            remedy="remove this activation",
        )
    return source.name
