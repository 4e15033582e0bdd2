"""What is worked out once per network and used in every run: its schedule, its fan-outs, its static counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import nan, prod
from typing import NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from picojoule.codes import Code
from picojoule.cost import LayerCounts
from picojoule.engines.memo import per_network
from picojoule.ir import (
    Add,
    AvgPool,
    Conv,
    ConvTranspose,
    Fire,
    Flatten,
    Frames,
    Input,
    Island,
    MaxPool,
    Network,
    Node,
    Quantise,
    Rewire,
    Schedule,
    WeightLayer,
    schedule,
)
from picojoule.ir.fanout import event_sources, fan_out, own_fan_out
from picojoule.kernels import successive
from picojoule.kernels.scan import Tables
from picojoule.kernels.staircase import Table


class FanOut(NamedTuple):
    """Synapses of each value of a sample, int64 ``[n]``, flattened in two memory orders."""

    channels_first: np.ndarray
    channels_last: np.ndarray

    @staticmethod
    def of(synapses: Tensor) -> FanOut:
        """Both orders of a fan-out of shape ``[channels, ...]``."""
        last = synapses.permute(1, 2, 0) if synapses.dim() == 3 else synapses
        return FanOut(synapses.reshape(-1).numpy(), last.reshape(-1).contiguous().numpy())


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A network made ready to run.

    Attributes:
        nodes: the network's nodes, weights in the memory format that is fastest here.
        schedule: None where nothing fires.
        fan_outs: for each source of events, the synapses one event reaches in each layer it feeds.
        tables: the closed form of each neuron that fires once.
        successive: the closed form of each neuron that fires often.
        dense_fans: for each weight layer that reads analogue values, the synapses of each value.
        pooled: the maximum pool behind a neuron that has a closed form and feeds nothing else: what is decoded from
            the largest potential of a window is the largest decoded value, so the pool may come first.
        shared: nodes whose value must not be overwritten: the input, and what several nodes read.
        facts: static counts of one sample, per layer.
        layer_of: the layer to which a pool belongs in tables.
    """

    nodes: tuple[Node, ...]
    schedule: Schedule | None
    fan_outs: dict[str, dict[str, FanOut]]
    tables: dict[str, Table]
    successive: dict[str, successive.Tables]
    dense_fans: dict[str, FanOut]
    pooled: dict[str, str]
    shared: frozenset[str]
    facts: dict[str, LayerCounts]
    layer_of: dict[str, str]

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """Of a constant drive, what the output takes in at each step of its window."""
        assert self.schedule is not None
        return self.schedule.windows[self.nodes[-1].name].code.injections()

    def first_fan_out(self, emitter: str, channels_last: bool) -> np.ndarray | None:
        """Synapses of each event in the first layer the emitter feeds, for a kernel to count on the way."""
        fans = self.fan_outs[emitter]
        return next(iter(fans.values()))[channels_last] if fans else None


@per_network
def plan(network: Network) -> Plan:
    """The plan of a network."""
    sources = event_sources(network) if network.spiking else []
    timing = schedule(network) if network.spiking else None
    return Plan(
        nodes=tuple(_fastest(node) for node in network.nodes),
        schedule=timing,
        fan_outs={source.name: _fan_outs(network, source) for source in sources},
        tables={fire.name: table for fire in network.all(Fire) if (table := fire.code.staircase()) is not None},
        successive={fire.name: table for fire in network.all(Fire) if (table := fire.code.successive()) is not None},
        dense_fans={
            layer.name: FanOut.of(own_fan_out(network, layer))
            for layer in network.all(WeightLayer)
            if layer.name in network.analogue
        },
        pooled=_pooled(network),
        shared=frozenset(
            node.name for node in network.nodes if isinstance(node, Input) or len(network.consumers(node)) > 1
        ),
        facts=_facts(network, timing),
        layer_of=_layers(network),
    )


def _pooled(network: Network) -> dict[str, str]:
    found: dict[str, str] = {}
    if network.noise is not None and network.noise.of_spikes:
        return found
    for fire in network.all(Fire):
        consumers = network.consumers(fire)
        if (
            fire.code.staircase() is not None
            and not fire.code.slope
            and not fire.code.echoes
            and len(consumers) == 1
            and isinstance(consumers[0], MaxPool)
        ):
            found[fire.name] = consumers[0].name
    return found


def _fastest(node: Node) -> Node:
    if isinstance(node, (Conv, ConvTranspose)) and node.weight.dim() == 4:
        return replace(node, weight=node.weight.contiguous(memory_format=torch.channels_last))
    return node


def _fan_outs(network: Network, source: Node) -> dict[str, FanOut]:
    return {layer: FanOut.of(synapses) for layer, synapses in fan_out(network, source).items()}


def _layers(network: Network) -> dict[str, str]:
    """For every node, the weight layer (or the input code) whose values it works on."""
    owner: dict[str, str] = {}
    for node in network.nodes:
        own = isinstance(node, (WeightLayer, Input, Island))
        owner[node.name] = node.name if own else owner[node.inputs[0]]
    return {name: "input" if isinstance(network.by_name[layer], Input) else layer for name, layer in owner.items()}


def _facts(network: Network, timing: Schedule | None) -> dict[str, LayerCounts]:
    facts: dict[str, LayerCounts] = {}
    for fire in network.all(Fire):
        neuron = fire.code.neuron()
        facts[fire.layer] = LayerCounts(
            name=fire.layer,
            inputs=fire.size,
            outputs=fire.size,
            neurons=fire.size,
            thresholds=neuron.bounds,
            states=neuron.states,
        )
    for layer in network.all(WeightLayer):
        known = facts.get(layer.name, LayerCounts(name=layer.name))
        facts[layer.name] = _weight_facts(network, layer, known, timing)
    for island in network.all(Island):
        known = facts.get(island.name, LayerCounts(name=island.name))
        facts[island.name] = _island_facts(network, island, known, timing)
    if not network.spiking:
        _add_pool_compares(network, facts)
        _add_branch_sums(network, facts)
    order = ["input", *(node.layer if isinstance(node, Fire) else node.name for node in network.nodes)]
    return {name: facts[name] for name in dict.fromkeys(order) if name in facts}


def _weight_facts(network: Network, layer: WeightLayer, known: LayerCounts, timing: Schedule | None) -> LayerCounts:
    """What is known of its neurons, and what there is to know of its weights."""
    dense = layer.name in network.analogue
    injections = _injections(network, layer, timing)
    held = dense and network.spiking and _is_held(network, layer)
    return replace(
        known,
        payload=_payload(network, layer),
        weight_bits=layer.bits,
        value_bits=_value_bits(network, layer),
        weights=layer.weight.numel() + (layer.bias.numel() if layer.has_bias else 0),
        inputs=network.source(layer).size,
        outputs=layer.size,
        macs=macs(layer, network.source(layer)) if dense else 0,
        bias_adds=layer.size * (injections if held or not dense else 1) if layer.has_bias or held else 0,
    )


def _island_facts(network: Network, island: Island, known: LayerCounts, timing: Schedule | None) -> LayerCounts:
    held = timing is not None and _is_held(network, island)
    return replace(
        known,
        payload=_payload(network, island),
        weights=island.weights,
        inputs=sum(source.size for source in network.sources(island)),
        outputs=island.size,
        macs=island.macs,
        effective_macs=island.macs,
        bias_adds=island.size * _injections(network, island, timing) if held else 0,
    )


def _injections(network: Network, node: Node, timing: Schedule | None) -> int:
    """How often a constant of a node is added to membranes: in steps of the window its inputs arrive in."""
    shares = timing.windows[node.name].code.injections() if timing else (1.0,)
    return sum(share != 0 for share in shares)


def _is_held(network: Network, node: Node) -> bool:
    """True where the analogue values of a node are a current into membranes, not only read by other analogue ones."""
    return any(
        each.name not in network.analogue or (not isinstance(each, (WeightLayer, Island)) and _is_held(network, each))
        for each in network.consumers(node)
    )


def macs(layer: WeightLayer, source: Node) -> int:
    """Multiply-accumulates of one sample as torch's flop counter has them (half its flops): padding included."""
    if isinstance(layer, Conv):
        return layer.size * prod(layer.weight.shape[1:])
    return layer.weight.numel() * prod(source.shape[1:])


def _add_pool_compares(network: Network, facts: dict[str, LayerCounts]) -> None:
    owner = _layers(network)
    for pool in network.all(MaxPool):
        if owner[pool.name] in facts:
            fact = facts[owner[pool.name]]
            facts[fact.name] = replace(fact, compares=fact.compares + pool.size * (prod(pool.kernel) - 1))


def tables_of(code: Code) -> Tables:
    """What a neuron does at each step of its window."""
    neuron, steps = code.neuron(), code.steps
    rows = (neuron.thresholds, neuron.resets, code.amplitudes(), code.injections())
    below = neuron.floors or (nan,) * steps, neuron.refunds or (0.0,) * steps, code.debits()
    return Tables(*(np.asarray(row, np.float32) for row in (*rows, *below)))


def _add_branch_sums(network: Network, facts: dict[str, LayerCounts]) -> None:
    owner = _layers(network)
    for add in network.all(Add):
        if owner[add.name] in facts:
            fact = facts[owner[add.name]]
            sums = add.size * (len(add.inputs) - 1)
            facts[fact.name] = replace(fact, bias_adds=fact.bias_adds + sums)


def walk_up(network: Network, node: Node) -> Iterator[list[Node]]:
    """The ways up from a node through pools, flattening and rewiring, each to a node that makes the values."""
    for source in network.sources(node):
        if isinstance(source, (MaxPool, AvgPool, Flatten, Rewire)):
            yield from ([source, *path] for path in walk_up(network, source))
        else:
            yield [source]


def _payload(network: Network, layer: Node) -> str:
    """A maximum of power-of-two sums changes by amounts that are no power of two."""
    found = {"binary"}
    for *between, source in walk_up(network, layer):
        if isinstance(source, Frames):
            found.add("real")
        if isinstance(source, Fire):
            pooled = any(isinstance(node, MaxPool) for node in between)
            payload = source.code.payload
            found.add("real" if pooled and payload == "power_of_two" else payload)
    return max(found, key=("binary", "power_of_two", "real").index)


def _value_bits(network: Network, layer: WeightLayer) -> int:
    """Width of the activations a layer reads: its quantiser's, or 32."""
    node: Node = layer
    while not isinstance(node, Input):
        node = network.source(node)
        if isinstance(node, Quantise):
            return node.bits
        if isinstance(node, (WeightLayer, Fire, Island)):
            break
    return 32
