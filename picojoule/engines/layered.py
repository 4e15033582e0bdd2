"""Layer by layer instead of step by step: exact for codes whose layers all fire in the same steps (rate, phase).

Without delay within a step, running one layer for many steps before the next gives what stepping the network gives.
So time is folded into the batch: one convolution for many steps, then one compiled scan over time. A constant drive
(bias, analogue input) is computed once. A few images and a block of steps at a time keep the memory flat in T.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from picojoule.engines.disturbing import Disturbance, Spikes
from picojoule.engines.layout import fast_format, flatten, unflatten
from picojoule.engines.memo import per_network
from picojoule.engines.outcome import Outcome, State
from picojoule.engines.plan import Plan, tables_of
from picojoule.engines.tally import Tally
from picojoule.ir import Add, Fire, Frames, Input, Island, MaxPool, Network, Node, Rewire, WeightLayer
from picojoule.ir.dense import bias_image, evaluate, first_potential, scaled_input, without_bias
from picojoule.kernels.scan import scan
from picojoule.spikes import Raster

_IMAGES, _STEPS = 8, 16
"""Images and steps taken through all layers at a time."""


@per_network
def refuses(network: Network) -> str | None:
    """Why this engine cannot run the network exactly; None if it can."""
    for node in network.all(Fire):
        if node.code.waits:
            return f"{node.code.label} in layer {node.layer} fires only after its inputs: its layers share no steps"
    if any(network.all(Island)):
        return "an analogue island waits for all of its inputs"
    return None if network.spiking else "nothing fires, so there are no steps"


def run_layered(
    network: Network,
    plan: Plan,
    x: Tensor,
    *,
    record: frozenset[str],
    tally: Tally | None,
    state: State | None = None,
    trajectory: bool = False,
) -> Outcome:
    """Run the whole schedule; arguments and result as :func:`picojoule.engines.stepped.run_stepped`."""
    parts = [
        Layers(network, plan, images, tally, state and state.part(start, start + _IMAGES)).run(record, trajectory)
        for start, images in zip(range(0, len(x), _IMAGES), x.split(_IMAGES), strict=True)
    ]
    return Outcome.joined(parts)


class Signal(NamedTuple):
    """A node's output over a block of steps: ``changing[t] + share[t]·constant``; None where a part is zero.

    ``changing`` is ``[steps·batch, ...]``, step by step; ``constant`` is ``[batch or 1, ...]``.
    """

    changing: Tensor | None
    constant: Tensor | None

    def through(self, linear: Callable[[Tensor], Tensor]) -> Signal:
        """Both parts through a linear map of a batch."""
        return Signal(*(None if part is None else linear(part) for part in self))


def _sum(signals: list[Signal]) -> Signal:
    """Both parts of several signals together."""
    parts = ([part for part in parts if part is not None] for parts in zip(*signals, strict=True))
    return Signal(*map(_total, parts))


def _total(parts: list[Tensor]) -> Tensor | None:
    """Their sum, a tensor of its own: neurons overwrite what drives them."""
    if len(parts) < 2:
        return parts[0].clone() if parts else None
    return sum(parts[1:], parts[0])


class Layers:
    """A few images: the mutable things of their way through time in one place.

    Attributes:
        potentials: of every node that fires, after the last step it took, and ``second_states``, their second
            states, of those that have one.
        steps: of the whole schedule.
        sent: the events of the last node that fired, as it sent them.
    """

    def __init__(self, network: Network, plan: Plan, x: Tensor, tally: Tally | None, state: State | None) -> None:
        assert plan.schedule is not None
        self.network, self.plan, self.tally = network, plan, tally
        self.x = fast_format(scaled_input(network.input, x))
        self.steps = plan.schedule.latency
        self.disturbance = Disturbance.of(network, x)
        self.block = self.steps if self.disturbance and self.disturbance.noise.jitter else _STEPS
        state = state or State()
        self.potentials, self.second_states = (  # the scan overwrites them
            {name: each.clone() for name, each in values.items()} for values in (state.potentials, state.second_states)
        )
        self.sums = dict(state.sums)
        self.output, self.injected, self.passed = state.output, state.injected, state.passed
        self.tables = {node.name: tables_of(node.code) for node in network.all(Fire)}
        self.shares = np.asarray(plan.shares, np.float32)
        self.constants: dict[str, Tensor] = {}
        self.sent = x

    def run(self, record: frozenset[str], trajectory: bool) -> Outcome:
        """All blocks of steps, one after the other."""
        trains: dict[str, list[Tensor]] = {layer: [] for layer in record}
        path: list[Tensor] = []
        for start in range(0, self.steps, self.block):
            stop = min(start + self.block, self.steps)
            signals: dict[str, Signal] = {}
            for node in self.network.nodes:
                signals[node.name] = self.emit(node, signals, start, stop)
                if isinstance(node, Fire) and node.layer in record:
                    trains[node.layer].append((self.sent != 0).unflatten(0, (stop - start, len(self.x))))
            path.append(self._integrate(signals[self.network.output.name], start, stop))
        return Outcome(
            values=path[-1][-1],
            state=State(
                potentials=self.potentials,
                second_states=self.second_states,
                sums=self.sums,
                output=self.output,
                injected=self.injected,
                passed=self.passed + self.steps,
            ),
            rasters={layer: Raster(torch.cat(spikes)) for layer, spikes in trains.items()},
            trajectory=torch.cat(path) if trajectory else None,
        )

    def emit(self, node: Node, signals: dict[str, Signal], start: int, stop: int) -> Signal:
        """What a node gives at the steps start … stop − 1, from the signals of the nodes it reads."""
        if isinstance(node, Input):
            return Signal(None, self.x)
        if isinstance(node, Frames):
            return self._show(node, start, stop)
        source = signals[node.inputs[0]]
        if isinstance(node, Add):
            return _sum([signals[name] for name in node.inputs])
        if isinstance(node, Rewire):
            return self._rewire(node, [signals[name] for name in node.inputs])
        if isinstance(node, Fire):
            return self._fire(node, source, start, stop)
        if isinstance(node, WeightLayer):
            return self._weigh(node, source, start)
        if isinstance(node, MaxPool) and node.name in self.plan.fan_outs:
            return self._pool(node, source)
        return source.through(lambda part: evaluate(node, part))

    def adopt(self, node: Fire) -> None:
        """Use other neurons of the same name, which have yet to begin."""
        self.tables[node.name] = tables_of(node.code)
        self.potentials.pop(node.name, None)
        self.second_states.pop(node.name, None)

    def _show(self, node: Frames, start: int, stop: int) -> Signal:
        frames = self.x[:, start:stop].transpose(0, 1).flatten(0, 1)
        if self.tally:
            self.tally.arrive(node.name, frames)
        return Signal(frames, None)

    def _weigh(self, node: WeightLayer, source: Signal, start: int) -> Signal:
        if node.name not in self.constants:
            self.constants[node.name] = self._held(node, source.constant)
        changing = None if source.changing is None else without_bias(node, source.changing)
        if self.disturbance and changing is not None:
            code, steps = self.plan.schedule.windows[node.name].code, changing.unflatten(0, (-1, len(self.x)))
            changing = self.disturbance.misread(node, code, steps, start).flatten(0, 1)
        return Signal(changing, self.constants[node.name])

    def _held(self, node: WeightLayer, constant: Tensor | None) -> Tensor:
        """What a layer adds in every step: the image of its constant input, computed once, and its bias."""
        bias = bias_image(node).expand(1, *node.shape)
        if constant is None:
            return fast_format(bias)
        if self.tally:
            self.tally.multiply(node.name, constant)
        return without_bias(node, constant) + bias

    def _rewire(self, node: Rewire, sources: list[Signal]) -> Signal:
        """Both parts of all sources where they are wired to; zeros for a part that one of them lacks."""
        shapes = [each.shape for each in self.network.sources(node)]
        parts = []
        for each in zip(*sources, strict=True):
            rows = max((len(part) for part in each if part is not None), default=0)
            full = [self.x.new_zeros(rows, *shape) if part is None else part.expand(rows, *shape)
                    for part, shape in zip(each, shapes, strict=True)]  # fmt: skip
            parts.append(evaluate(node, *full) if rows else None)
        return Signal(*parts)

    def _fire(self, node: Fire, source: Signal, start: int, stop: int) -> Signal:
        steps, neuron = stop - start, node.code.neuron()
        v = self.potentials.get(node.name)
        v = first_potential(node, self.x) if v is None else v
        flat_v, channels_last = flatten(fast_format(v))
        if source.changing is None:
            drive = flat_v.new_zeros(steps, *flat_v.shape)
        else:
            changing = source.changing.clone() if node.inputs[0] in self.plan.shared else source.changing
            drive = flatten(fast_format(changing))[0].view(steps, *flat_v.shape)
        constant = self.x.new_zeros(1, *node.shape) if source.constant is None else source.constant
        fan = self.plan.first_fan_out(node.name, channels_last)
        weights = np.zeros(flat_v.shape[1], np.int64) if fan is None else fan
        tables = self.tables[node.name].part(start, stop)
        if node.code.contract.random:
            noise = node.code.noise(constant, self.passed + start, steps)
            drive += flatten(fast_format(noise.flatten(0, 1)))[0].view_as(drive)
        g = None if neuron.second is None else self._second_state(node, v)
        law = {"keep": neuron.keep, "growth": neuron.growth, "corrects": neuron.corrects, "g": g}
        emitted, flat_v, fired = scan(
            drive, flatten(fast_format(constant))[0], tables, neuron.leak, flat_v, weights, **law
        )
        if g is not None:
            self.second_states[node.name] = unflatten(g, node.shape, channels_last)
        self.potentials[node.name] = unflatten(flat_v, node.shape, channels_last)
        events = self.sent = unflatten(emitted.flatten(0, 1), node.shape, channels_last)
        if self.tally:
            self.tally.add(node.layer, spikes=fired.spikes, state_updates=v.numel() * steps)
        if self.disturbance:
            return Signal(self._disturbed(node, events.unflatten(0, (steps, -1)), start).flatten(0, 1), None)
        if self.tally:
            self.tally.arrive(node.name, events, fired)
        return Signal(events, None)

    def _second_state(self, node: Fire, v: Tensor) -> Tensor:
        """The second state of every neuron, ``[batch, n]`` in the order of memory that potentials have."""
        g, first = self.second_states.get(node.name), node.code.neuron().second
        assert first is not None
        return flatten(fast_format(torch.full_like(v, first) if g is None else g))[0]

    def _disturbed(self, node: Fire, events_tb: Tensor, start: int) -> Tensor:
        """What arrives at each step of a block, all of which arrives in it."""
        assert self.disturbance is not None
        kept = self.disturbance.kept(node, Spikes.of(events_tb, start))
        if self.tally:
            self.tally.arrive_from(node.name, kept.place)
        return self.disturbance.arriving(node, kept).onto(events_tb, start)

    def _pool(self, node: MaxPool, source: Signal) -> Signal:
        """o(t) = max_i S_i(t) − max_i S_i(t−1) over the running sums S of each window."""
        assert source.changing is not None
        batch = len(self.x)
        before, most = self.sums.get(node.name, (None, None))
        sums = source.changing.clone()
        for now in range(0, len(sums), batch):
            if before is not None:
                sums[now : now + batch] += before
            before = sums[now : now + batch]
        largest = evaluate(node, sums)
        change = largest.clone()
        change[batch:] -= largest[:-batch]
        if most is not None:
            change[:batch] -= most
        self.sums[node.name] = sums[-batch:].clone(), largest[-batch:].clone()
        if self.tally:
            self.tally.enter_pool(node.name, source.changing)
            self.tally.arrive(node.name, change)
        return Signal(change, None)

    def _integrate(self, signal: Signal, start: int, stop: int) -> Tensor:
        """Add a block of steps to the output's running sum, step by step; the decoded output after each of them."""
        shape = (stop - start, len(self.x), *self.network.output.shape)
        steps = self.x.new_zeros(shape) if signal.changing is None else signal.changing.reshape(shape)
        output = self.x.new_zeros(shape[1:]) if self.output is None else self.output
        path = []
        for added, share in zip(steps, self.shares[start:stop].tolist(), strict=True):
            output = output + (added if signal.constant is None else added + share * signal.constant)
            self.injected += share
            path.append(output / self.injected if self.injected else output)
        self.output = output
        return torch.stack(path)
