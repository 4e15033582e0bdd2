"""One dense pass: exact where every code is exact once its inputs have all arrived, and where nothing fires.

The layer is evaluated as an ANN's; its neurons are the code's staircase, in place. Spikes, spike times and synops
fall out of the same pass.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from picojoule.engines.layout import fast_format, flatten, unflatten
from picojoule.engines.memo import per_network
from picojoule.engines.plan import Plan, walk_up
from picojoule.engines.tally import Tally
from picojoule.ir import AvgPool, Fire, Input, MaxPool, Network, Node
from picojoule.ir.dense import evaluate, scaled_input
from picojoule.kernels import staircase
from picojoule.spikes import Times


@per_network
def refuses(network: Network) -> str | None:
    """Why this engine cannot run the network exactly; None if it can."""
    for node in network.all(Fire):
        if node.code.contract.closed != "exact":
            return (
                f"{node.code.label} in layer {node.layer} has no closed form for a drive that changes from step to step"
            )
        if node.code.lag is not None:
            return f"{node.code.label} in layer {node.layer} fires before all its inputs have arrived"
    for pool in network.all(MaxPool):
        for *between, origin in walk_up(network, pool):
            if isinstance(origin, Fire) and (origin.code.slope or any(isinstance(node, AvgPool) for node in between)):
                what = "of values below zero" if origin.code.slope else "behind an average pool"
                return f"the maximum pool {pool.name} {what} may emit more than one event a window"
    return None


def run_closed(
    network: Network, plan: Plan, x: Tensor, *, record: Iterable[str], tally: Tally | None
) -> tuple[Tensor, dict[str, Times]]:
    """The network's output, and the spike times of the recorded layers."""
    values: dict[str, Tensor] = {}
    times: dict[str, Times] = {}
    last_use = _last_use(plan.nodes)
    for position, node in enumerate(plan.nodes):
        if isinstance(node, Input):
            values[node.name] = fast_format(scaled_input(node, x))
            continue
        sources = [values[name] for name in node.inputs]
        source, before = sources[0], network.source(node)
        if isinstance(node, Fire):
            if node.layer in record:
                compared = staircase.magnitude(source, node.code.slope)
                times[node.layer] = Times(staircase.index(compared, plan.tables[node.name]), node.code.steps)
            values[node.name] = _fire(plan, node, source.clone() if before.name in plan.shared else source, tally)
        elif before.name in plan.pooled:
            assert isinstance(before, Fire)
            values[node.name] = _decode(plan, before, node, evaluate(node, source), tally)[0]
        else:
            values[node.name] = evaluate(node, *sources)
            if tally and node.name in plan.dense_fans:
                tally.multiply(node.name, source)
            elif tally and node.name in plan.fan_outs:
                tally.enter_pool(node.name, source)
                tally.arrive(node.name, values[node.name])
        for name in {*node.inputs}:
            if last_use[name] <= position:
                del values[name]
    return values[network.output.name], times


def _last_use(nodes: tuple[Node, ...]) -> dict[str, int]:
    """The position of the last reader of each node's value."""
    return {name: position for position, node in enumerate(nodes) for name in node.inputs}


def _fire(plan: Plan, node: Fire, u: Tensor, tally: Tally | None) -> Tensor:
    """What receivers decode; the potentials themselves where a pool comes first."""
    if node.name not in plan.pooled:
        values, reached = _decode(plan, node, node, u, tally)
    elif tally:
        values, reached = u, staircase.survey(flatten(u)[0], plan.tables[node.name])
        tally.add(plan.layer_of[node.name], compares=reached.spikes)  # every spike that enters the pool, once
    else:
        return u
    if tally:
        # A neuron that fires at step k has compared k+1 times; a silent one as often as there are steps.
        tally.add(node.layer, spikes=reached.spikes, state_updates=reached.index_sum + reached.spikes)
    return values


def _decode(plan: Plan, fire: Fire, emitter: Node, u: Tensor, tally: Tally | None) -> tuple[Tensor, staircase.Reached]:
    """Q(u) by the neuron's staircase, and the arrival of each event of `emitter`."""
    flat, channels_last = flatten(staircase.magnitude(u, fire.code.slope))
    fan = plan.first_fan_out(emitter.name, channels_last) if tally else None
    flat, reached = staircase.quantise(flat, plan.tables[fire.name], fan)
    values = unflatten(flat, u.shape[1:], channels_last)
    if fire.code.slope:
        values = torch.where(u < 0, -values, values)
    if tally:
        tally.arrive(emitter.name, values, (reached.spikes, reached.weighted))
    return values, reached
