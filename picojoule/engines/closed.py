"""One dense pass: exact where every code is exact once its inputs have all arrived, and where nothing fires.

The layer is evaluated as an ANN's; its neurons are the code's staircase, in place. Spikes, spike times and synops
fall out of the same pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from picojoule.engines import bursting
from picojoule.engines.bursting import Bursts
from picojoule.engines.disturbing import Disturbance
from picojoule.engines.layout import fast_format, flatten, unflatten
from picojoule.engines.memo import per_network
from picojoule.engines.plan import Plan, walk_up
from picojoule.engines.plan import plan as plan_of
from picojoule.engines.relays import relays
from picojoule.engines.tally import Tally
from picojoule.ir import AvgPool, Fire, Input, MaxPool, Network, Node
from picojoule.ir.dense import evaluator, scaled_input
from picojoule.kernels import staircase, successive
from picojoule.spikes import Raster, Times


@per_network
def refuses(network: Network) -> str | None:
    """Why this engine cannot run the network exactly; None if it can."""
    if network.noise is not None and network.noise.of_steps:
        return "its noise is of each step in which something is read"
    for node in network.all(Fire):
        if node.code.contract.closed != "exact":
            return (
                f"{node.code.label} in layer {node.layer} has no closed form for a drive that changes from step to step"
            )
        if node.code.lag is not None:
            return f"{node.code.label} in layer {node.layer} fires before all its inputs have arrived"
        if node.code.successive() is not None and bursting.needed(network):
            return f"what becomes of each of the spikes of {node.code.label} in layer {node.layer} is drawn"
    for pool in network.all(MaxPool):
        for *between, origin in walk_up(network, pool):
            often = isinstance(origin, Fire) and origin.code.successive() is not None
            if isinstance(origin, Fire) and (
                often or origin.code.slope or any(isinstance(node, AvgPool) for node in between)
            ):
                what = "of neurons that fire often" if often else "of values below zero" if origin.code.slope else ""
                what = what or "behind an average pool"
                return f"the maximum pool {pool.name} {what} may emit more than one event a window"
    return None


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class _Pass:
    """One pass over the network: its plan, the layers to record, their spikes so far, and what is counted."""

    plan: Plan
    record: frozenset[str]
    tally: Tally | None
    bursts: Bursts
    trains: dict[str, Times | Raster] = field(default_factory=dict)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class _Step:
    """A node made ready once per network, so that a pass over few samples is not spent on looking things up.

    Attributes:
        node: what is evaluated.
        work: its output from this step, the pass and its inputs.
        evaluate: its dense meaning; of a firing node nothing is asked.
        fire: the neuron whose staircase comes behind a pool.
        shared: its input is read elsewhere, too, and must not be overwritten.
        last_read: inputs that no later node reads.
    """

    node: Node
    work: Callable[..., Tensor]
    evaluate: Callable[..., Tensor] | None
    fire: Fire | None
    shared: bool
    last_read: tuple[str, ...]


def run_closed(
    network: Network, plan: Plan, x: Tensor, *, record: Iterable[str], tally: Tally | None
) -> tuple[Tensor, dict[str, Times | Raster]]:
    """The network's output, and the spikes of the recorded layers."""
    bursts = Bursts(network, plan, Disturbance.of(network, x), tally)
    this = _Pass(plan=plan, record=frozenset(record), tally=tally, bursts=bursts)
    values = {network.input.name: fast_format(scaled_input(network.input, x))}
    for step in _steps(network):
        values[step.node.name] = step.work(step, this, *[values[name] for name in step.node.inputs])
        for name in step.last_read:
            del values[name]
    return values[network.output.name], this.trains


@per_network
def _steps(network: Network) -> tuple[_Step, ...]:
    plan, last_use, relayed = plan_of(network), _last_use(network.nodes), relays(network)
    passing = {*relayed, *(network.by_name[name].inputs[0] for name in relayed)}
    return tuple(
        _step(network, node, node.name in passing, tuple(n for n in dict.fromkeys(node.inputs) if last_use[n] == at))
        for at, node in enumerate(plan.nodes)
        if not isinstance(node, Input)
    )


def _last_use(nodes: tuple[Node, ...]) -> dict[str, int]:
    """The position of the last reader of each node's value."""
    return {name: position for position, node in enumerate(nodes) for name in node.inputs}


def _step(network: Network, node: Node, passes_on: bool, last_read: tuple[str, ...]) -> _Step:
    plan, before, fires = plan_of(network), network.source(node), isinstance(node, Fire)
    pools = before if isinstance(before, Fire) and before.name in plan.pooled else None
    return _Step(
        node=node,
        work=_work(node, plan, bursting.needed(network), pooled=pools is not None, passes_on=passes_on),
        evaluate=None if fires else evaluator(node),
        fire=node if fires else pools,
        shared=before.name in plan.shared,
        last_read=last_read,
    )


def _work(node: Node, plan: Plan, in_bursts: bool, *, pooled: bool, passes_on: bool) -> Callable[..., Tensor]:
    if passes_on:
        return _send_again if isinstance(node, Fire) else _pass_on
    if isinstance(node, Fire):
        return _fire_bursts if in_bursts else _fire_often if node.name in plan.successive else _fire
    if in_bursts and isinstance(node, MaxPool):
        return _pool_bursts
    return _pool if pooled else _evaluate


def _fire_bursts(step: _Step, this: _Pass, u: Tensor) -> Tensor:
    """What receivers decode, spike by spike."""
    _record(step, this, u)
    return this.bursts.fire(step.node, u)


def _pool_bursts(step: _Step, this: _Pass, values: Tensor) -> Tensor:
    this.bursts.pool(step.node)
    return step.evaluate(values)


def _record(step: _Step, this: _Pass, u: Tensor) -> None:
    """Keep the spikes of a layer that was asked for."""
    node = step.node
    if node.layer in this.record:
        compared = staircase.magnitude(u, node.code.slope)
        times = Times(staircase.index(compared, this.plan.tables[node.name]), node.code.steps)
        this.trains[node.layer] = times.raster(node.code.echoes) if node.code.echoes else times


def _evaluate(step: _Step, this: _Pass, *sources: Tensor) -> Tensor:
    """What the node means densely."""
    values, tally, name = step.evaluate(*sources), this.tally, step.node.name
    if tally and name in this.plan.dense_fans:
        tally.multiply(name, sources[0])
    elif tally and name in this.plan.fan_outs:
        tally.enter_pool(name, sources[0])
        tally.arrive(name, values)
    return values


def _pass_on(step: _Step, this: _Pass, values: Tensor) -> Tensor:
    """The synapses of a relay."""
    return values


def _send_again(step: _Step, this: _Pass, values: Tensor) -> Tensor:
    """What a relay gets; to count its spikes it is looked up as any other, and overwritten with the same."""
    if this.tally:
        return _fire(step, this, values)
    _record(step, this, values)
    return values


def _pool(step: _Step, this: _Pass, u: Tensor) -> Tensor:
    """What receivers decode behind a pool of potentials."""
    return _decode(step, this, step.evaluate(u))[0]


def _fire(step: _Step, this: _Pass, u: Tensor) -> Tensor:
    """What receivers decode; the potentials themselves where a pool comes first."""
    plan, node, tally = this.plan, step.node, this.tally
    _record(step, this, u)
    u = u.clone() if step.shared else u
    if node.name not in plan.pooled:
        u, reached = _decode(step, this, u)
    elif tally:
        reached = staircase.survey(flatten(u)[0], plan.tables[node.name])
        tally.add(plan.layer_of[node.name], compares=reached.spikes)  # every spike that enters the pool, once
    if tally:
        # A neuron that fires at step k has compared k+1 times; a silent one as often as there are steps.
        tally.add(node.layer, spikes=reached.spikes, state_updates=reached.index_sum + reached.spikes)
    return u


def _fire_often(step: _Step, this: _Pass, u: Tensor) -> Tensor:
    """What receivers decode of neurons that fire several times."""
    node, tables = step.node, this.plan.successive[step.node.name]
    if node.layer in this.record:
        this.trains[node.layer] = Raster(successive.raster(u, tables))
    flat, channels_last = flatten(u.clone() if step.shared else u)
    decoded, spikes = successive.decode(flat, tables)
    if this.tally:
        fired = spikes.sum(1, dtype=torch.int64).cpu().numpy()
        this.tally.add(node.layer, spikes=fired, state_updates=u.numel() * tables.steps)
        this.tally.arrive_often(node.name, spikes, channels_last)
    return unflatten(decoded, u.shape[1:], channels_last)


def _decode(step: _Step, this: _Pass, u: Tensor) -> tuple[Tensor, staircase.Reached | None]:
    """Q(u) by the neuron's staircase, in place where that is possible; what is counted, and the events' arrival."""
    slope, emitter, tally = step.fire.code.slope, step.node.name, this.tally
    below = u < 0 if slope else None
    u = staircase.magnitude(u, slope)
    flat, channels_last = flatten(u)
    table, reached = this.plan.tables[step.fire.name], None
    if tally:
        decoded, reached = staircase.quantise(flat, table, this.plan.first_fan_out(emitter, channels_last))
    else:
        decoded = staircase.evaluate(flat, table)
    in_place = decoded.data_ptr() == u.data_ptr()
    values = u if in_place else unflatten(decoded, u.shape[1:], channels_last)
    if below is not None:
        values = torch.where(below, -values, values)
    if tally and reached:
        tally.arrive(emitter, values, (reached.spikes, reached.weighted))
    return values, reached
