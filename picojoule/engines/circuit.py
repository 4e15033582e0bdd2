"""A network wired for events: what each node does with a stream of them, worked out once per network."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from math import inf
from typing import final

import numpy as np
import torch
from torch import Tensor

from picojoule.engines.plan import Plan, fire_tables, macs
from picojoule.engines.projecting import (
    channels_innermost,
    conv_projection,
    flat_layout,
    linear_projection,
    silent_projection,
    windows,
)
from picojoule.ir import Affine, AvgPool, Conv, Fire, Flatten, Input, Linear, MaxPool, Network, Node, WeightLayer
from picojoule.ir.dense import bias_image, per_channel
from picojoule.kernels.advance import Layout
from picojoule.kernels.pooling import Windows
from picojoule.kernels.projection import Projection
from picojoule.kernels.scan import Tables
from picojoule.kernels.staircase import Table

_circuits: weakref.WeakKeyDictionary[Network, Circuit] = weakref.WeakKeyDictionary()

_SYNOP, _RUN, _MAC, _VALUE = 0.09, 2.5, 0.03, 1.5
"""Nanoseconds on a server core: by events a synaptic operation and the start of a run of them; densely a
multiply-accumulate and a value that is turned from events to numbers and back. Only speed depends on them."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """Membranes: neurons, or the output's sums, and how they are reached.

    Attributes:
        node: the neurons; the weight layer itself at the output.
        weigh: the weight layer that drives them; None where they read an analogue value.
        source: the node whose events arrive; None where none do.
        projection, layout: where the events land.
        constant: what is there in every step, ``[1, neurons]``; None where it depends on the image.
        tables: of the whole window.
        leak, initial: of the neurons.
        staircase: of neurons that fire once: the step they go straight to once nothing more arrives.
        lag: steps after the window of the events that arrive at which their own begins.
        dense_from: share of active values a step from which a dense convolution is faster.
    """

    node: Node
    weigh: WeightLayer | None
    source: str | None
    projection: Projection
    layout: Layout
    constant: Tensor | None
    tables: Tables
    leak: float
    initial: float
    staircase: Table | None
    lag: int
    dense_from: float


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Circuit:
    """What the event engine walks through.

    Attributes:
        analogue: the nodes above all neurons, which are evaluated densely, once per image.
        populations: of every firing node, and of the output where it only integrates.
        windows: of every pool that events reach.
        gains: of every affine map that events reach, for each value.
        channels: of every node, for the order of its values.
        fans: for each source of events and each layer it feeds, the synapses of each value.
    """

    analogue: frozenset[str]
    populations: dict[str, Population]
    windows: dict[str, Windows]
    gains: dict[str, Tensor]
    channels: dict[str, int]
    fans: dict[str, dict[str, Tensor]]


def circuit(network: Network, plan: Plan) -> Circuit:
    """The circuit of a network; worked out once."""
    if network not in _circuits:
        _circuits[network] = _make(network, plan)
    return _circuits[network]


def refuses(network: Network) -> str | None:
    """Why events alone cannot carry the network; None if they can."""
    still = analogue(network)
    ends = [*network.all(Fire)]
    for end in ends if _carries(network, network.output) else [*ends, network.output]:
        driver = _driver(network, end)
        if driver.name not in still and not isinstance(driver, WeightLayer):
            return f"{end.name} integrates what {driver.name} makes of events, which are not events"
    for pool in network.all(MaxPool):
        if isinstance(network.source(pool), AvgPool) and pool.name not in still:
            return f"the maximum pool {pool.name} takes maxima of sums of events"
    for affine in network.all(Affine):
        if affine.name not in still and bool(affine.shift.any()):
            return f"{affine.name} adds a constant to events"
    return None


def analogue(network: Network) -> frozenset[str]:
    """The nodes that no event reaches."""
    names: set[str] = set()
    for node in network.nodes:
        if not isinstance(node, Fire) and names.issuperset(node.inputs):
            names.add(node.name)
    return frozenset(names)


def integrates(network: Network) -> bool:
    """True where the output is a weighted sum of events, not events themselves."""
    return not _carries(network, network.output)


def _carries(network: Network, node: Node) -> bool:
    """True where what comes out of a node is events."""
    if isinstance(node, (MaxPool, AvgPool, Flatten, Affine)):
        return _carries(network, network.source(node))
    return isinstance(node, Fire)


def _driver(network: Network, end: Node) -> Node:
    """What a population integrates: the node above it, through flattening."""
    node = network.source(end) if isinstance(end, Fire) else end
    while isinstance(node, Flatten):
        node = network.source(node)
    return node


def _make(network: Network, plan: Plan) -> Circuit:
    still, channels = analogue(network), _channels(network)
    populations = {fire.name: _population(network, plan, fire, still, channels) for fire in network.all(Fire)}
    if integrates(network):
        populations[network.output.name] = _population(network, plan, network.output, still, channels)
    pools = (*network.all(MaxPool), *network.all(AvgPool))
    return Circuit(
        analogue=still,
        populations=populations,
        windows={pool.name: windows(pool, network.source(pool)) for pool in pools if pool.name not in still},
        gains={
            affine.name: _row(per_channel(affine.gain, affine.shape).expand(affine.shape), channels[affine.name])
            for affine in network.all(Affine)
            if affine.name not in still
        },
        channels=channels,
        fans={
            name: {layer: _row(torch.from_numpy(fan.channels_first), channels[name]) for layer, fan in fans.items()}
            for name, fans in plan.fan_outs.items()
        },
    )


def _channels(network: Network) -> dict[str, int]:
    """Channels of every node; a node without positions has as many as values."""
    channels: dict[str, int] = {}
    for node in network.nodes:
        if isinstance(node, Conv):
            channels[node.name] = node.shape[0]
        elif isinstance(node, Linear):
            channels[node.name] = node.size
        elif isinstance(node, Input):
            channels[node.name] = node.shape[0]
        else:
            channels[node.name] = channels[node.inputs[0]]
    return channels


def _population(
    network: Network, plan: Plan, node: Node, still: frozenset[str], channels: dict[str, int]
) -> Population:
    assert plan.schedule is not None
    driver, opening = _driver(network, node), plan.schedule.windows
    weigh = driver if isinstance(driver, WeightLayer) and driver.name not in still else None
    source = network.source(weigh) if weigh else None
    if weigh and source:
        projection, layout = _projection(weigh, source, channels[source.name])
    else:
        projection, layout = silent_projection(), flat_layout(node.size)
    return Population(
        node=node,
        weigh=weigh,
        source=source.name if source else None,
        projection=projection,
        layout=layout,
        constant=_row(bias_image(weigh).expand(weigh.shape), channels[node.name])[None] if weigh else None,
        tables=fire_tables(node) if isinstance(node, Fire) else _output_tables(network, plan),
        leak=node.code.neuron().leak if isinstance(node, Fire) else 1.0,
        initial=node.code.neuron().initial if isinstance(node, Fire) else 0.0,
        staircase=plan.tables.get(node.name),
        lag=opening[node.name].start - opening[source.name].start if source else 0,
        dense_from=_dense_from(weigh, source, projection) if weigh and source else inf,
    )


def _projection(weigh: WeightLayer, source: Node, channels: int) -> tuple[Projection, Layout]:
    if isinstance(weigh, Conv):
        return conv_projection(weigh, source.shape)
    assert isinstance(weigh, Linear)
    return linear_projection(weigh, channels)


def _row(values: Tensor, channels: int) -> Tensor:
    """The values of one sample, channels innermost."""
    return channels_innermost(values[None], channels)[0]


def _output_tables(network: Network, plan: Plan) -> Tables:
    """The output integrates and never fires."""
    assert plan.schedule is not None
    shares = np.asarray(plan.schedule.windows[network.output.name].code.injections(), np.float32)
    return Tables(np.full_like(shares, np.inf), np.zeros_like(shares), np.zeros_like(shares), shares)


def _dense_from(weigh: WeightLayer, source: Node, projection: Projection) -> float:
    """The share of active values at which a step costs the same by events as densely."""
    runs = float(np.diff(projection.bounds)[projection.phase].sum() * projection.channels)
    densely = _MAC * macs(weigh, source) + _VALUE * (source.size + weigh.size)
    return densely / (_SYNOP * macs(weigh, source) + _RUN * runs)
