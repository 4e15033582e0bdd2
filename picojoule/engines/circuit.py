"""A network wired for events: what each node does with a stream of them, worked out once per network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import torch
from torch import Tensor

from picojoule.engines.memo import per_network
from picojoule.engines.plan import Plan, macs, tables_of
from picojoule.engines.plan import plan as plan_of
from picojoule.engines.projecting import (
    Margin,
    channels_innermost,
    conv_projection,
    flat_layout,
    layout_of,
    linear_projection,
    margins,
    windows,
    wires,
)
from picojoule.ir import (
    Add,
    Affine,
    AvgPool,
    Conv,
    ConvTranspose,
    Fire,
    Flatten,
    Frames,
    Input,
    Linear,
    MaxPool,
    Network,
    Node,
    Rewire,
    WeightLayer,
    schedule,
)
from picojoule.ir.dense import bias_image, per_channel
from picojoule.kernels.advance import Layout
from picojoule.kernels.pooling import Windows
from picojoule.kernels.projection import Projection
from picojoule.kernels.scan import Tables
from picojoule.kernels.staircase import Table

_SYNOP, _RUN, _MAC, _VALUE, _CALL = 0.09, 4.0, 0.03, 1.5, 2e5
_GATHERED, _WALK = 0.025, 10.0
"""Nanoseconds on a server core: by events a synaptic operation and the start of a run of them; densely a
multiply-accumulate, a value that is turned from events to numbers and back, and a call; by the windows of the outputs a
synaptic operation and an event. Only speed depends on them."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Branch:
    """A weight layer that brings events to a population.

    Attributes:
        weigh: the layer.
        source: the node whose events it brings.
        projection: where they land.
        lag: steps after the window of these events at which the population's begins.
        emitters: values of the node that emits these events, above average pools.
        event_ns: time of one event.
        dense_ns: time of one step of a dense evaluation.
    """

    weigh: WeightLayer
    source: str
    projection: Projection
    lag: int
    emitters: int
    event_ns: float
    dense_ns: float

    def crowded(self, events: int, steps: int) -> bool:
        """Whether so many events of a sample are slower than a dense evaluation of these steps."""
        return events * self.event_ns > _CALL + steps * self.dense_ns


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """Membranes: neurons, or the output's sums, and how they are reached.

    Attributes:
        node: the neurons, or the output node.
        branches: what brings events to them.
        held: nodes above all neurons whose values are there in every step.
        bias: what the branches add in every step, ``[1, neurons]``.
        layout: where the neurons are among the membranes.
        tables: of the whole window.
        leak, keep, growth, corrects, second, initial: of the neurons.
        staircase: of neurons that fire once: the step they go straight to once nothing more arrives.
    """

    node: Node
    branches: tuple[Branch, ...]
    held: tuple[str, ...]
    bias: Tensor
    layout: Layout
    tables: Tables
    leak: float
    keep: float
    growth: float
    corrects: bool
    second: float | None
    initial: float
    staircase: Table | None

    @property
    def fires_once(self) -> bool:
        """Its neurons fire once, by a staircase."""
        return self.staircase is not None

    @cached_property
    def projections(self) -> tuple[Projection, ...]:
        """Of the branches."""
        return tuple(branch.projection for branch in self.branches)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Circuit:
    """What the event engine walks through.

    Attributes:
        populations: of every firing node, and of the sums that the output is made of.
        tail: what the output makes of these sums, in order; nothing where it is one of them.
        windows: of every pool that events reach.
        wires: of every rewiring that events reach, for each of its sources that sends events.
        gains: of every affine map that events reach, for each value.
        channels: of every node, for the order of its values.
        fans: for each source of events and each layer it feeds, the synapses of each value.
    """

    populations: dict[str, Population]
    tail: tuple[Node, ...]
    windows: dict[str, Windows]
    wires: dict[str, dict[str, Windows]]
    gains: dict[str, np.ndarray]
    channels: dict[str, int]
    fans: dict[str, dict[str, np.ndarray]]


def refuses(network: Network) -> str | None:
    """Why events alone cannot carry the network; None if they can."""
    still = network.analogue
    if network.noise is not None and network.noise.of_steps:
        return "its noise is of each step in which something is read"
    _, roots = _tail(network)
    starts = {schedule(network).windows[root.name].start for root in roots}
    if len(starts) > 1:
        return "its outputs gather sums of different windows"
    for fire in network.all(Fire):
        if fire.code.waits and fire.code.slope:
            return f"{fire.name} fires once, above or below zero"
    for end in (*network.all(Fire), *roots):
        for driver in _drivers(network, end):
            if driver.name not in still and not isinstance(driver, WeightLayer):
                return f"{end.name} integrates what {driver.name} makes of events, which are not events"
    for pool in network.all(MaxPool):
        if any(isinstance(each, AvgPool) for each in network.sources(pool)) and pool.name not in still:
            return f"the maximum pool {pool.name} takes maxima of sums of events"
    return None


def integrates(network: Network) -> bool:
    """True where the output is a weighted sum of events, not events themselves."""
    return network.output.name not in network.eventful


def _tail(network: Network) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """What the output makes of sums, in order, and the nodes whose sums these are."""
    if not integrates(network):
        return (), ()
    tail, roots, queue = set(), {}, [network.output]
    while queue:
        node = queue.pop()
        if isinstance(node, (Rewire, AvgPool, Affine)):
            tail.add(node.name)
            queue += network.sources(node)
        else:
            roots[node.name] = node
    return tuple(node for node in network.nodes if node.name in tail), tuple(roots.values())


def _drivers(network: Network, end: Node) -> list[Node]:
    """What a population integrates: the nodes above it, through flattening and sums."""
    above = network.sources(end) if isinstance(end, Fire) else [end]
    return [driver for node in above for driver in _drivers_of(network, node)]


def _drivers_of(network: Network, node: Node) -> list[Node]:
    if not isinstance(node, (Flatten, Add)):
        return [node]
    return [driver for source in network.sources(node) for driver in _drivers_of(network, source)]


@per_network
def circuit(network: Network) -> Circuit:
    """The circuit of a network."""
    plan, still, channels = plan_of(network), network.analogue, _channels(network)
    populations = {fire.name: _population(network, plan, fire, still, channels) for fire in network.all(Fire)}
    tail, roots = _tail(network)
    populations |= {root.name: _population(network, plan, root, still, channels) for root in roots}
    pools = (*network.all(MaxPool), *network.all(AvgPool))
    return Circuit(
        populations=populations,
        tail=tail,
        wires={rewire.name: _wires(network, rewire, channels) for rewire in network.all(Rewire)},
        windows={pool.name: windows(pool, network.source(pool)) for pool in pools if pool.name not in still},
        gains={
            affine.name: _row(
                per_channel(affine.gain, affine.shape).expand(affine.shape), channels[affine.name]
            ).numpy()
            for affine in network.all(Affine)
            if affine.name in network.eventful
        },
        channels=channels,
        fans={
            name: {
                layer: _row(torch.from_numpy(fan.channels_first), channels[name]).numpy() for layer, fan in fans.items()
            }
            for name, fans in plan.fan_outs.items()
        },
    )


def _wires(network: Network, node: Rewire, channels: dict[str, int]) -> dict[str, Windows]:
    """The wires from the sources that send events."""
    sources = network.sources(node)
    return {
        source.name: each
        for source, each in zip(sources, wires(node, sources, channels), strict=True)
        if source.name in network.eventful
    }


def _channels(network: Network) -> dict[str, int]:
    """Channels of every node; a node without positions has as many as values."""
    channels: dict[str, int] = {}
    for node in network.nodes:
        if isinstance(node, (WeightLayer, Input, Frames, Rewire)):
            channels[node.name] = node.shape[0]
        else:
            channels[node.name] = channels[node.inputs[0]]
    return channels


def _population(
    network: Network, plan: Plan, node: Node, still: frozenset[str], channels: dict[str, int]
) -> Population:
    drivers = _drivers(network, node)
    weighs = [each for each in drivers if isinstance(each, WeightLayer) and each.name not in still]
    convs = [(each, network.source(each).shape) for each in weighs if isinstance(each, (Conv, ConvTranspose))]
    around = tuple(Margin.widest(each) for each in zip(*(margins(*conv) for conv in convs), strict=True))
    neuron = node.code.neuron() if isinstance(node, Fire) else None
    return Population(
        node=node,
        branches=tuple(_branch(network, plan, node, weigh, around, channels) for weigh in weighs),
        held=tuple(each.name for each in drivers if each.name in still),
        bias=_bias(weighs, node, channels),
        layout=layout_of(convs[0][0], around) if convs else flat_layout(node.size),
        tables=tables_of(node.code) if isinstance(node, Fire) else _output_tables(plan),
        leak=neuron.leak if neuron else 1.0,
        keep=neuron.keep if neuron else 1.0,
        growth=neuron.growth if neuron else 1.0,
        corrects=neuron is not None and neuron.corrects,
        second=neuron.second if neuron else None,
        initial=neuron.initial if neuron else 0.0,
        staircase=plan.tables.get(node.name) if neuron and neuron.fires_once else None,
    )


def _branch(
    network: Network,
    plan: Plan,
    node: Node,
    weigh: WeightLayer,
    around: tuple[Margin, ...],
    channels: dict[str, int],
) -> Branch:
    assert plan.schedule is not None
    source, windows = network.source(weigh), plan.schedule.windows
    if isinstance(weigh, (Conv, ConvTranspose)):
        projection = conv_projection(weigh, source.shape, around)
    else:
        assert isinstance(weigh, Linear)
        projection = linear_projection(weigh, channels[source.name])
    return Branch(
        weigh=weigh,
        source=source.name,
        projection=projection,
        lag=windows[node.name].start - windows[source.name].start,
        emitters=sum(each.size for each in _emitters(network, source)),
        event_ns=_event_ns(weigh, source, projection),
        dense_ns=_MAC * macs(weigh, source) + _VALUE * (source.size + weigh.size),
    )


def _bias(weighs: list[WeightLayer], node: Node, channels: dict[str, int]) -> Tensor:
    rows = [_row(bias_image(weigh).expand(weigh.shape), channels[node.name])[None] for weigh in weighs]
    return sum(rows[1:], rows[0]) if rows else torch.zeros(1, 1)


def _row(values: Tensor, channels: int) -> Tensor:
    """The values of one sample, channels innermost."""
    return channels_innermost(values[None], channels)[0]


def _output_tables(plan: Plan) -> Tables:
    """The output integrates and never fires."""
    shares = np.asarray(plan.shares, np.float32)
    none = np.zeros_like(shares)
    return Tables.unsigned(np.full_like(shares, np.inf), none, none, shares)


def _emitters(network: Network, source: Node) -> list[Node]:
    """The nodes that emit the events which a node passes on."""
    if not isinstance(source, (AvgPool, Flatten, Affine, Rewire)):
        return [source]
    return [each for above in network.sources(source) for each in _emitters(network, above)]


def _event_ns(weigh: WeightLayer, source: Node, projection: Projection) -> float:
    if projection.window.height:
        return _GATHERED * macs(weigh, source) / source.size + _WALK
    runs = float(np.diff(projection.bounds)[projection.phase].sum() * projection.channels)
    return (_SYNOP * macs(weigh, source) + _RUN * runs) / source.size
