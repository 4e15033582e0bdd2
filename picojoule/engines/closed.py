"""One dense pass: exact where every code is exact once its inputs have all arrived, and where nothing fires.

The layer is evaluated as an ANN's; its neurons are the code's staircase, in place. Spikes, spike times and synops
fall out of the same pass.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from picojoule.base.errors import EngineError
from picojoule.engines.layout import fast_format, flatten
from picojoule.engines.plan import Plan
from picojoule.engines.tally import Tally
from picojoule.ir import Fire, Input, Network, Node
from picojoule.ir.dense import evaluate, scaled_input
from picojoule.kernels import events, staircase
from picojoule.spikes import Times


def refuses(network: Network) -> str | None:
    """Why this engine cannot run the network exactly; None if it can."""
    for node in network.all(Fire):
        if node.code.contract.closed != "exact":
            return (
                f"{node.code.label} in layer {node.layer} has no closed form for a drive that changes from step to step"
            )
    return None


def run_closed(
    network: Network, plan: Plan, x: Tensor, *, record: Iterable[str], tally: Tally | None
) -> tuple[Tensor, dict[str, Times]]:
    """The network's output, and the spike times of the recorded layers.

    Raises:
        EngineError: a code without an exact closed form.
    """
    reason = refuses(network)
    if reason:
        raise EngineError(reason, where="engine closed", remedy='use engine="stepped" or "auto"')
    values: dict[str, Tensor] = {}
    times: dict[str, Times] = {}
    last_use = _last_use(plan.nodes)
    for position, node in enumerate(plan.nodes):
        if isinstance(node, Input):
            values[node.name] = fast_format(scaled_input(node, x))
            continue
        source = values[node.inputs[0]]
        if isinstance(node, Fire):
            shared = last_use[node.inputs[0]] > position or isinstance(network.source(node), Input)
            u = source.clone() if shared else source
            if node.layer in record:
                times[node.layer] = Times(staircase.index(u, plan.tables[node.name]), node.code.steps)
            values[node.name] = _fire(plan, node, u, tally)
        else:
            values[node.name] = evaluate(node, source)
            if tally and node.name in plan.dense_fans:
                _count_effective(plan, node, source, tally)
            elif tally and node.name in plan.fan_outs:
                _count_pool(plan, node, source, values[node.name], tally)
        if last_use[node.inputs[0]] <= position:
            del values[node.inputs[0]]
    return values[network.output.name], times


def _last_use(nodes: tuple[Node, ...]) -> dict[str, int]:
    """The position of the last reader of each node's value."""
    return {name: position for position, node in enumerate(nodes) for name in node.inputs}


def compiled(x: Tensor) -> bool:
    """True where the compiled kernels serve this tensor."""
    return x.dtype == torch.float32 and x.device.type == "cpu"


def _fire(plan: Plan, node: Fire, u: Tensor, tally: Tally | None) -> Tensor:
    """Q(u), in place where the compiled kernel serves, with counts."""
    if not compiled(u):
        return _fire_reference(plan, node, u, tally)
    u = u if u.is_contiguous() else fast_format(u)  # in place needs a tensor without gaps
    flat, channels_last = flatten(u)
    fans = plan.fan_outs[node.name] if tally else {}
    first = next(iter(fans), None)
    reached = staircase.quantise_(flat, plan.tables[node.name], fans[first][channels_last] if first else None)
    if tally:
        _add(tally, node, reached.spikes, reached.index_sum)
    for layer, fan in fans.items():
        fused = layer == first
        arrived, synops = (reached.spikes, reached.weighted) if fused else events.count(flat, fan[channels_last])
        tally.add(layer, events_in=arrived, synops=synops)
    return u


def _add(tally: Tally, node: Fire, spikes: np.ndarray, index_sum: np.ndarray) -> None:
    """A neuron that fires at step k has compared k+1 times; a silent one as often as there are steps."""
    tally.add(node.layer, spikes=spikes, state_updates=index_sum + spikes)


def _fire_reference(plan: Plan, node: Fire, u: Tensor, tally: Tally | None) -> Tensor:
    table = plan.tables[node.name]
    k = staircase.index(u, table)
    values = staircase.decode(k, table, u.dtype)
    if tally:
        flat = (k < table.steps).flatten(1)
        _add(tally, node, flat.sum(1).cpu().numpy(), k.flatten(1).sum(1).cpu().numpy())
        for layer, fan in plan.fan_outs[node.name].items():
            arrived, synops = events.count_reference(flat, fan.channels_first)
            tally.add(layer, events_in=arrived, synops=synops)
    return values


def _count_pool(plan: Plan, node: Node, source: Tensor, pooled: Tensor, tally: Tally) -> None:
    """Every spike that enters the pool is compared once; every window with a spike emits one."""
    tally.add(plan.layer_of[node.name], compares=int(torch.count_nonzero(source)))
    flat, channels_last = flatten(pooled)
    for layer, fan in plan.fan_outs[node.name].items():
        arrived, synops = events.count(flat, fan[channels_last])
        tally.add(layer, events_in=arrived, synops=synops)


def _count_effective(plan: Plan, node: Node, source: Tensor, tally: Tally) -> None:
    flat, channels_last = flatten(source)
    tally.add(node.name, effective_macs=events.count(flat, plan.dense_fans[node.name][channels_last])[1])
