"""The slow oracle: every step of every layer, in network order, zero delay within a step. All codes.

In each global step t, for each node in order: a weight layer gives W·(what arrives) + b·injection(t); neurons
integrate, then fire; a maximum pool passes on the change of its largest running sum. The output integrates. Analogue
nodes are computed once, when all they read is there; whoever takes their value x in gets x·injection(t) of its own
window.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from picojoule.engines.disturbing import Disturbance, Spikes
from picojoule.engines.layout import fast_format
from picojoule.engines.outcome import Outcome, State
from picojoule.engines.plan import Plan
from picojoule.engines.tally import Tally
from picojoule.ir import Add, Fire, Frames, Input, Island, MaxPool, Network, Node, Rewire, WeightLayer
from picojoule.ir.dense import bias_image, evaluate, first_potential, scaled_input, without_bias
from picojoule.neurons import Neuron, step
from picojoule.spikes import Raster


def run_stepped(
    network: Network,
    plan: Plan,
    x: Tensor,
    *,
    record: Iterable[str],
    tally: Tally | None,
    state: State | None = None,
    trajectory: bool = False,
) -> Outcome:
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
        self.x = fast_format(scaled_input(network.input, x))
        self.windows, self.steps = plan.schedule.windows, plan.schedule.latency
        state = state or State()
        self.potentials, self.sums = dict(state.potentials), dict(state.sums)
        self.second_states = dict(state.second_states)
        self.output, self.injected, self.passed = state.output, state.injected, state.passed
        self.neurons: dict[str, Neuron] = {node.name: node.code.neuron() for node in network.all(Fire)}
        self.amplitudes = {node.name: node.code.amplitudes() for node in network.all(Fire)}
        self.injections = {name: window.code.injections() for name, window in self.windows.items()}
        self.spikes: dict[str, Tensor] = {}
        self.disturbance = Disturbance.of(network, x)
        self.late: dict[tuple[str, int], Tensor] = {}
        self.analogue = [node for node in network.nodes if node.name in network.analogue]
        self.held: dict[str, Tensor] = {}
        self.gathered: dict[str, Tensor | None] = {}
        self.gather = {name for island in network.all(Island) for name in island.inputs} - network.analogue

    def run(self, record: frozenset[str], trajectory: bool) -> Outcome:
        trains: dict[str, list[Tensor]] = {layer: [] for layer in record}
        path = []
        for t in range(self.steps):
            self._advance(t)
            for fire in self.network.all(Fire):
                if fire.layer in trains and self.windows[fire.name].local(t) is not None:
                    trains[fire.layer].append(self.spikes[fire.name] != 0)
            if trajectory:
                path.append(self._decoded())
        self._hold(self.steps)
        return Outcome(
            values=self._decoded(),
            state=State(
                potentials=self.potentials,
                second_states=self.second_states,
                sums=self.sums,
                output=self.output,
                injected=self.injected,
                passed=self.passed + self.steps,
            ),
            rasters={layer: Raster(torch.stack(spikes)) for layer, spikes in trains.items()},
            trajectory=torch.stack(path) if trajectory else None,
        )

    def _advance(self, t: int) -> None:
        """One global step of every node, in order. None stands for a node from which nothing comes."""
        self._hold(t)
        emitted: dict[str, Tensor | None] = {}
        for node in self.network.nodes:
            if isinstance(node, Frames):
                emitted[node.name] = self._show(node, t)
            elif node.name not in self.network.analogue:
                arriving = [emitted[name] if name in emitted else self._current(name, node, t) for name in node.inputs]
                incoming = self._rewired(node, arriving) if isinstance(node, Rewire) else _sum(arriving)
                emitted[node.name] = self._emit(node, incoming, t)
        for name in self.gather:
            self.gathered[name] = _sum([self.gathered.get(name), emitted[name]])
        self._integrate_output(emitted.get(self.network.output.name), t)

    def _show(self, node: Frames, t: int) -> Tensor | None:
        local = self.windows[node.name].local(t)
        if local is None:
            return None
        frame = self.held[node.inputs[0]][:, local]
        if self.tally:
            self.tally.arrive(node.name, frame)
        return frame

    def _hold(self, t: int) -> None:
        """Compute the analogue nodes that are there from step t on."""
        for node in self.analogue:
            if self.windows[node.name].start == t:
                self.held[node.name] = self._computed(node)

    def _computed(self, node: Node) -> Tensor:
        if isinstance(node, Input):
            return self.x
        values = [self.held[name] if name in self.held else self._taken_in(name) for name in node.inputs]
        if self.tally and node.name in self.plan.dense_fans:
            self.tally.multiply(node.name, values[0])
        return evaluate(node, *values)

    def _taken_in(self, name: str) -> Tensor:
        """What a node of events, or of their sums, has given, decoded."""
        total = self.gathered[name]
        if total is None:
            total = self.x.new_zeros(len(self.x), *self.network.by_name[name].shape)
        return total / self.windows[name].code.repeats

    def _current(self, name: str, reader: Node, t: int) -> Tensor | None:
        """The current from an analogue node, in the shares of the window in which its reader takes it in."""
        window = reader.name if isinstance(reader, (Add, Rewire)) else name
        share = self._share(self.network.by_name[window], t)
        return share * self.held[name] if share else None

    def _emit(self, node: Node, incoming: Tensor | None, t: int) -> Tensor | None:
        if isinstance(node, (Add, Rewire)):
            return incoming
        if isinstance(node, Fire):
            return self._fire(node, incoming, self.windows[node.name].local(t))
        if isinstance(node, WeightLayer):
            return self._weigh(node, incoming, t)
        if isinstance(node, MaxPool) and node.name in self.plan.fan_outs:
            return self._pool(node, incoming)
        return None if incoming is None else evaluate(node, incoming)

    def _rewired(self, node: Rewire, arriving: list[Tensor | None]) -> Tensor | None:
        """Values where they are wired to; zeros come from a node from which nothing comes."""
        if all(each is None for each in arriving):
            return None
        sources = zip(arriving, self.network.sources(node), strict=True)
        return evaluate(node, *(self.x.new_zeros(len(self.x), *source.shape) if each is None else each
                                for each, source in sources))  # fmt: skip

    def _weigh(self, node: WeightLayer, incoming: Tensor | None, t: int) -> Tensor | None:
        current, share = None if incoming is None else without_bias(node, incoming), self._share(node, t)
        window = self.windows[node.name]
        if self.disturbance and current is not None:
            current = self.disturbance.misread(node, window.code, current[None], t - window.start)[0]
        if node.has_bias and share:
            bias = (share * bias_image(node)).expand(len(self.x), *node.shape)
            current = bias if current is None else current + bias
        return current

    def _fire(self, node: Fire, incoming: Tensor | None, local: int | None) -> Tensor | None:
        """Integrate at all times; fire inside the window."""
        neuron = self.neurons[node.name]
        v = self.potentials.get(node.name)
        if v is None:
            v = first_potential(node, self.x)
        if local is None:
            self.potentials[node.name] = v if incoming is None else v + incoming
            return None
        if node.code.contract.random:
            noise = node.code.noise(self.held[node.inputs[0]], self.passed + local, 1)[0]
            incoming = noise if incoming is None else incoming + noise
        if self.tally:
            waiting = torch.count_nonzero(v > -torch.inf) if neuron.fires_once else v.numel()
            self.tally.add(node.layer, state_updates=int(waiting))
        g = self.second_states.get(node.name)
        v, spikes, after = step(neuron, v, 0.0 if incoming is None else incoming, local, g)
        self.potentials[node.name], self.spikes[node.name] = v, spikes
        if neuron.second is not None:
            assert isinstance(after, Tensor)
            self.second_states[node.name] = after
        number = int(torch.count_nonzero(spikes))
        if not number:
            return self.late.pop((node.name, local), None)
        emitted = spikes.to(self.x.dtype).mul_(self.amplitudes[node.name][local])
        if neuron.grows and g is not None:
            emitted.mul_(g)
        if neuron.signed:
            emitted[spikes < 0] = node.code.debits()[local]
        if self.tally:
            self.tally.add(node.layer, spikes=number)
        if self.disturbance:
            return self._disturbed(node, emitted, local)
        if self.tally:
            self.tally.arrive(node.name, emitted)
        return emitted

    def _disturbed(self, node: Fire, emitted: Tensor, local: int) -> Tensor | None:
        """What arrives now, of what was sent now or before; the rest arrives later."""
        assert self.disturbance is not None
        kept = self.disturbance.kept(node, Spikes.of(emitted[None], local))
        if self.tally:
            self.tally.arrive_from(node.name, kept.place)
        arriving = self.disturbance.arriving(node, kept)
        for at in arriving.at.unique().tolist():
            part = arriving.only(arriving.at == at).onto(emitted[None], at)[0]
            self.late[node.name, at] = part + self.late.get((node.name, at), 0.0)
        return self.late.pop((node.name, local), None)

    def _pool(self, node: MaxPool, incoming: Tensor | None) -> Tensor | None:
        """o(t) = max_i S_i(t) − max_i S_i(t−1) over the running sums S of each window."""
        if incoming is None:
            return None
        if node.name in self.sums:
            before, largest_before = self.sums[node.name]
            after = before + incoming
            largest = evaluate(node, after)
            change = largest - largest_before
        else:
            after, largest = incoming, evaluate(node, incoming)
            change = largest
        self.sums[node.name] = after, largest
        if self.tally:
            self.tally.enter_pool(node.name, incoming)
            self.tally.arrive(node.name, change)
        return change

    def _integrate_output(self, current: Tensor | None, t: int) -> None:
        self.injected += self._share(self.network.output, t)
        if self.output is None:
            self.output = self.x.new_zeros(len(self.x), *self.network.output.shape)
        if current is not None:
            self.output = self.output + current

    def _decoded(self) -> Tensor:
        """The output's running sum over what a constant drive of 1 would have given; or its analogue value."""
        if self.network.output.name in self.held:
            return self.held[self.network.output.name]
        assert self.output is not None
        return self.output / self.injected if self.injected else self.output

    def _share(self, node: Node, t: int) -> float:
        """The share of a constant drive that is taken in at global step t."""
        local = self.windows[node.name].local(t)
        return 0.0 if local is None else self.injections[node.name][local]


def _sum(arriving: list[Tensor | None]) -> Tensor | None:
    """What arrives by all inputs together."""
    parts = [each for each in arriving if each is not None]
    return sum(parts[1:], parts[0]) if parts else None
