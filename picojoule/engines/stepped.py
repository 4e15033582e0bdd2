"""The slow oracle: every step of every layer, in network order, zero delay within a step. All codes.

In each global step t, for each node in order: an analogue input gives x·injection(t); a weight layer gives
W·(what arrives) + b·injection(t); neurons integrate, then fire; a maximum pool passes on the change of its largest
running sum. The output integrates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from picojoule.codes import Code
from picojoule.engines.plan import Plan
from picojoule.engines.tally import Tally
from picojoule.ir import Fire, Input, MaxPool, Network, Node, WeightLayer
from picojoule.ir.dense import bias_image, evaluate, scaled_input, without_bias
from picojoule.kernels.events import count_reference
from picojoule.neurons import Neuron, step
from picojoule.spikes import Raster


@final
@dataclass(frozen=True, kw_only=True)
class State:
    """Everything a stepped run remembers, as a value: pass it to the next run to go on.

    Attributes:
        potentials: membrane of every neuron, by node.
        sums: running input sums of every maximum pool, by node.
        output: the output's running sum.
        injected: how much of a constant drive has been taken in so far (Σ injections).
    """

    potentials: dict[str, Tensor] = field(default_factory=dict)
    sums: dict[str, Tensor] = field(default_factory=dict)
    output: Tensor | None = None
    injected: float = 0.0


@final
@dataclass(kw_only=True)
class Stepped:
    """What a stepped run gives back."""

    values: Tensor
    state: State
    rasters: dict[str, Raster]
    trajectory: Tensor | None


def run_stepped(
    network: Network,
    plan: Plan,
    x: Tensor,
    *,
    record: Iterable[str],
    tally: Tally | None,
    state: State | None = None,
    trajectory: bool = False,
) -> Stepped:
    """Step the network through its whole schedule.

    Args:
        network, plan: what to run.
        x: input ``[batch, ...]``, constant over the steps.
        record: layers whose spikes to keep.
        tally: where to count; None counts nothing.
        state: where an earlier run stopped (codes that do not wait).
        trajectory: keep the output as it stands after every step, ``[steps, batch, ...]``.
    """
    return _Clock(network, plan, x, tally, state).run(frozenset(record), trajectory)


class _Clock:
    """One run: the mutable things of its loop in one place."""

    def __init__(self, network: Network, plan: Plan, x: Tensor, tally: Tally | None, state: State | None) -> None:
        assert plan.schedule is not None
        self.network, self.plan, self.tally = network, plan, tally
        self.x = scaled_input(network.input, x)
        self.windows, self.steps = plan.schedule.windows, plan.schedule.latency
        state = state or State()
        self.potentials, self.sums = dict(state.potentials), dict(state.sums)
        self.output, self.injected = state.output, state.injected
        self.neurons: dict[str, Neuron] = {node.name: node.code.neuron() for node in network.all(Fire)}
        self.spikes: dict[str, Tensor] = {}

    def run(self, record: frozenset[str], trajectory: bool) -> Stepped:
        trains: dict[str, list[Tensor]] = {layer: [] for layer in record}
        path = []
        for t in range(self.steps):
            self._advance(t)
            for fire in self.network.all(Fire):
                if fire.layer in trains and self.windows[fire.name].local(t) is not None:
                    trains[fire.layer].append(self.spikes[fire.name])
            if trajectory:
                path.append(self._decoded())
        return Stepped(
            values=self._decoded(),
            state=State(potentials=self.potentials, sums=self.sums, output=self.output, injected=self.injected),
            rasters={layer: Raster(torch.stack(spikes)) for layer, spikes in trains.items()},
            trajectory=torch.stack(path) if trajectory else None,
        )

    def _advance(self, t: int) -> None:
        """One global step of every node, in order. None stands for a node from which nothing comes."""
        emitted: dict[str, Tensor | None] = {}
        for node in self.network.nodes:
            incoming = emitted[node.inputs[0]] if node.inputs else None
            emitted[node.name] = self._emit(node, incoming, t)
        self._integrate_output(emitted[self.network.output.name], t)

    def _emit(self, node: Node, incoming: Tensor | None, t: int) -> Tensor | None:
        window = self.windows[node.name]
        if isinstance(node, Input):
            share = _share(window.code, window.local(t))
            return share * self.x if share else None
        if isinstance(node, Fire):
            return self._fire(node, incoming, window.local(t))
        if isinstance(node, WeightLayer):
            return self._weigh(node, incoming, _share(window.code, window.local(t)))
        if isinstance(node, MaxPool) and node.name in self.plan.fan_outs:
            return self._pool(node, incoming)
        return None if incoming is None else evaluate(node, incoming)

    def _weigh(self, node: WeightLayer, incoming: Tensor | None, share: float) -> Tensor | None:
        current = None if incoming is None else without_bias(node, incoming)
        if node.has_bias and share:
            bias = (share * bias_image(node)).expand(len(self.x), *node.shape)
            current = bias if current is None else current + bias
        return current

    def _fire(self, node: Fire, incoming: Tensor | None, local: int | None) -> Tensor | None:
        """Integrate at all times; fire inside the window."""
        neuron = self.neurons[node.name]
        v = self.potentials.get(node.name)
        if v is None:
            v = self.x.new_full((len(self.x), *node.shape), neuron.initial)
        if local is None:
            self.potentials[node.name] = v if incoming is None else v + incoming
            return None
        if self.tally:
            self.tally.add(node.layer, state_updates=int((v > -torch.inf).sum()))
        v, spikes = step(neuron, v, 0.0 if incoming is None else incoming, local)
        self.potentials[node.name], self.spikes[node.name] = v, spikes
        self._count(node, spikes, node.layer)
        return spikes.to(self.x.dtype) * node.code.amplitudes()[local] if bool(spikes.any()) else None

    def _pool(self, node: MaxPool, incoming: Tensor | None) -> Tensor | None:
        """o(t) = max_i S_i(t) − max_i S_i(t−1) over the running sums S of each window."""
        if incoming is None:
            return None
        before = self.sums.get(node.name)
        after = incoming if before is None else before + incoming
        largest = evaluate(node, after)
        change = largest if before is None else largest - evaluate(node, before)
        self.sums[node.name] = after
        if self.tally:
            self.tally.add(self.plan.layer_of[node.name], compares=int(torch.count_nonzero(incoming)))
        self._count(node, change != 0, None)
        return change

    def _count(self, node: Node, events: Tensor, layer: str | None) -> None:
        if not self.tally:
            return
        if layer is not None:
            self.tally.add(layer, spikes=int(events.sum()))
        for target, weights in self.plan.weights_in_order(node.name, channels_last=False).items():
            arrived, synops = count_reference(events.flatten(1), weights)
            self.tally.add(target, events_in=arrived, synops=synops)

    def _integrate_output(self, current: Tensor | None, t: int) -> None:
        window = self.windows[self.network.output.name]
        self.injected += _share(window.code, window.local(t))
        if self.output is None:
            self.output = self.x.new_zeros(len(self.x), *self.network.output.shape)
        if current is not None:
            self.output = self.output + current

    def _decoded(self) -> Tensor:
        """The output's running sum over what a constant drive of 1 would have given."""
        assert self.output is not None
        return self.output / self.injected if self.injected else self.output


def _share(code: Code, local: int | None) -> float:
    return 0.0 if local is None else code.injections()[local]
