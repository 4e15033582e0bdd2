"""What a network is between two passes: a written specification of every stage, and the check of it.

Every stage is well formed: the input first, the output last, every node behind those it reads, names only once,
weights, tables and shapes that fit each other. Beyond that, a stage says which kinds of nodes there are, and rules of
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import final

from picojoule.base.errors import ConversionError
from picojoule.ir.network import Network
from picojoule.ir.nodes import (
    Activation,
    Add,
    Affine,
    AvgPool,
    Conv,
    ConvTranspose,
    Fire,
    Flatten,
    Frames,
    Input,
    Island,
    Linear,
    MaxPool,
    Node,
    Quantise,
    ReLU,
    Rewire,
    WeightLayer,
)
from picojoule.ir.schedule import schedule

Rule = Callable[[Network], Iterator[str]]
"""What is wrong with a network, a line each."""

_WEIGHTS = (Conv, ConvTranspose, Linear)
_PATHS = (MaxPool, AvgPool, Flatten, Rewire)
_DENSE = (Input, *_WEIGHTS, Add, ReLU, Activation, Island, *_PATHS)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A stage of conversion.

    Attributes:
        name: what errors call it.
        kinds: of nodes that may be there.
        rules: what else holds.
    """

    name: str
    kinds: tuple[type[Node], ...]
    rules: tuple[Rule, ...] = ()


def verify(network: Network, stage: Stage) -> Network:
    """The network, if it is what the stage says.

    Raises:
        ConversionError: it is not.
    """
    for rule in (_order, _fit, *stage.rules):
        for problem in rule(network):
            raise _refusal(problem, network, stage)
    for node in network.nodes:
        if not isinstance(node, stage.kinds):
            raise _refusal(f"{node.name} is a {type(node).__name__}", network, stage)
    return network


def _refusal(problem: str, network: Network, stage: Stage) -> ConversionError:
    return ConversionError(
        f"{problem}, which no {stage.name} network has", where=network.name, remedy="please report this"
    )


def _order(network: Network) -> Iterator[str]:
    """The input first, every node behind what it reads, names only once."""
    seen: set[str] = set()
    for place, node in enumerate(network.nodes):
        if isinstance(node, Input) != (place == 0):
            yield f"{node.name} is node {place}"
        if node.name in seen:
            yield f"{node.name} is there twice"
        if not seen.issuperset(node.inputs) or (place > 0) != bool(node.inputs):
            yield f"{node.name} reads {node.inputs}, not all of which are in front of it"
        seen.add(node.name)
    if not network.nodes:
        yield "nothing is there"


def _fit(network: Network) -> Iterator[str]:
    """Weights, tables and shapes fit each other."""
    for node in network.nodes:
        sources = network.sources(node)
        if len(sources) > 1 and not isinstance(node, (Add, Rewire, Island)):
            yield f"{node.name} reads several nodes"
        if isinstance(node, WeightLayer):
            yield from _weights_fit(node, sources[0])
        elif isinstance(node, Rewire):
            total = sum(source.size for source in sources)
            if len(node.index) != node.size or node.index.amin() < -1 or node.index.amax() >= total:
                yield f"{node.name} is wired to values that are not there"
            if len({*node.inputs}) < len(node.inputs):
                yield f"{node.name} is wired to a node twice"
        elif isinstance(node, (Add, ReLU, Activation, Affine, Fire, Quantise)):
            if any(source.shape != node.shape for source in sources):
                yield f"{node.name} has another shape than what it reads"
        elif isinstance(node, Flatten) and node.size != sources[0].size:
            yield f"{node.name} has another size than what it reads"


def _weights_fit(node: WeightLayer, source: Node) -> Iterator[str]:
    groups = node.groups if isinstance(node, (Conv, ConvTranspose)) else 1
    shape = (node.shape[0], source.shape[0] // groups)
    if tuple(node.weight.shape[:2]) != shape:
        yield f"{node.name} has weights {tuple(node.weight.shape)} where {shape} leads"
    ranks = {node.weight.dim(), len(source.shape) + 1, len(node.shape) + 1}
    if len(ranks) > 1 and not isinstance(node, Linear):
        yield f"{node.name} has weights {tuple(node.weight.shape)} between {source.shape} and {node.shape}"
    elif isinstance(node, Conv) and node.shape[1:] != _positions(node, source):
        yield f"{node.name} has outputs {node.shape} where {_positions(node, source)} positions are"
    if node.bias.numel() not in (node.shape[0], prod(node.shape)):
        yield f"{node.name} has {node.bias.numel()} biases for outputs {node.shape}"


def _positions(conv: Conv, source: Node) -> tuple[int, ...]:
    """⌊(n + 2p − d(k − 1) − 1)/s⌋ + 1 along each axis."""
    axes = zip(source.shape[1:], conv.padding, conv.dilation, conv.weight.shape[2:], conv.stride, strict=True)
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, p, d, k, s in axes)


def _at_output(network: Network) -> Iterator[str]:
    """An affine map only gives the output its own scale."""
    for affine in network.all(Affine):
        if affine is not network.output:
            yield f"{affine.name} is an affine map inside"
        elif bool(affine.shift.any()):
            yield f"{affine.name} shifts the output"


def _meets(network: Network) -> Iterator[str]:
    """Codes meet: the schedule exists. Weights and maxima are taken of events, or of what no event reaches."""
    schedule(network)
    for node in network.nodes:
        reads = {name for name in node.inputs if name not in network.analogue}
        if isinstance(node, (WeightLayer, MaxPool)) and not reads <= network.eventful:
            yield f"{node.name} reads sums"


TRACED = Stage(name="traced", kinds=(*_DENSE, Affine))
FOLDED = Stage(name="folded", kinds=_DENSE)
NORMAL = Stage(name="normalised", kinds=(*_DENSE, Affine), rules=(_at_output,))
QUANTISED = Stage(name="quantised", kinds=(*_DENSE, Quantise))
SPIKING = Stage(
    name="spiking", kinds=(Input, *_WEIGHTS, Add, *_PATHS, Island, Frames, Fire, Affine), rules=(_at_output, _meets)
)
STAGES = {stage.name: stage for stage in (TRACED, FOLDED, NORMAL, QUANTISED, SPIKING)}
"""Every stage by its name."""


def stage_of(network: Network) -> Stage:
    """The stage a whole network, between no passes, is of."""
    if network.spiking:
        return SPIKING
    if any(network.all(Quantise)):
        return QUANTISED
    return TRACED if any(network.all(Affine)) else FOLDED
