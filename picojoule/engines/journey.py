"""Samples on their way through the layers as lists of events, a block of steps at a time.

A layer of whose source so many values are active that a dense evaluation is faster gets one, for that sample and
block. Neurons that fire once need no step in which nothing arrives: they go straight to the one they fire at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import torch
from torch import Tensor

from picojoule.engines.circuit import Branch, Circuit, Population
from picojoule.engines.disturbing import Disturbance, Spikes
from picojoule.engines.outcome import Outcome, State
from picojoule.engines.plan import Plan
from picojoule.engines.projecting import channels_first, channels_innermost
from picojoule.engines.relays import relays
from picojoule.engines.tally import Tally
from picojoule.ir import Affine, AvgPool, Fire, Flatten, Frames, Network, Node, Rewire
from picojoule.ir.dense import evaluate, first_potential, without_bias
from picojoule.kernels.advance import advance
from picojoule.kernels.once import fire_once
from picojoule.kernels.pooling import average, maximum
from picojoule.kernels.projection import Stream, from_frames, scale, to_frames
from picojoule.kernels.scan import Tables, scan
from picojoule.spikes import Raster

_STEPS, _SAMPLES, _VALUES = 32, 16, 1 << 23
"""Steps and samples taken through all layers at a time, and the most values of a layer in them."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What is the same for all samples.

    Attributes:
        network, plan, circuit: what to run.
        record: layers whose spikes to keep.
        trajectory: keep the output as it stands after every step.
        ways: ``"event"`` or ``"dense"`` for some weight layers.
        counting: count what the modelled hardware does.
        dtype: number type of potentials.
    """

    network: Network
    plan: Plan
    circuit: Circuit
    record: frozenset[str]
    trajectory: bool
    ways: Mapping[str, str]
    counting: bool
    dtype: torch.dtype

    @cached_property
    def roots(self) -> list[str]:
        """The populations that only integrate: the sums the output is made of."""
        return [name for name, each in self.circuit.populations.items() if not isinstance(each.node, Fire)]

    @cached_property
    def relays(self) -> dict[str, str]:
        """The sender of each relay that need not be worked out."""
        return relays(self.network)

    @cached_property
    def waits(self) -> bool:
        """Neurons wait for their inputs."""
        return any(fire.code.waits for fire in self.network.all(Fire))

    @cached_property
    def block(self) -> int:
        """Steps taken through all layers at a time; all where neurons wait for their inputs or spikes come late."""
        noise = self.network.noise
        whole = self.waits or (noise is not None and noise.jitter > 0)
        return len(self.plan.shares) if whole else max(1, min(_STEPS, _VALUES // self._widest))

    @property
    def samples(self) -> int:
        """Samples that travel together."""
        return max(1, min(_SAMPLES, _VALUES // (self._widest * (1 if self.waits else self.block))))

    @cached_property
    def _widest(self) -> int:
        return max(node.size for node in self.network.nodes)

    def size(self, name: str) -> int:
        """Values of a node."""
        return self.network.by_name[name].size

    def shaped(self, name: str, rows: Tensor) -> Tensor:
        """Rows of a node's values ``[rows, values]``, channels innermost, as ``[rows, *shape]``."""
        return channels_first(rows, self.circuit.channels[name]).reshape(len(rows), *self.network.by_name[name].shape)


class Journey:
    """Some samples: the mutable things of their way in one place.

    Attributes:
        active: values that were active at the source of each weight layer, and ``possible`` those that could be.
        dense: those of them that were evaluated densely.
    """

    def __init__(
        self, task: Task, held: dict[str, Tensor], state: State, disturbance: Disturbance | None = None
    ) -> None:
        self._task, self._disturbance = task, disturbance
        self._network, self._circuit = task.network, task.circuit
        self._samples = len(held[task.network.input.name])
        self._constants = {
            name: sum((held[node] for node in each.held), each.bias) for name, each in self._circuit.populations.items()
        }
        self._input = held[task.network.input.name]
        self._state = state
        self._membranes: dict[str, Tensor] = {}
        self._second_states: dict[str, Tensor] = {}
        self._sums: dict[str, tuple[Tensor, Tensor]] = {}
        self._total = self._given_before(state)
        self._injected = state.injected
        self._rasters: dict[str, list[Tensor]] = {layer: [] for layer in task.record}
        self._path: list[Tensor] = []
        self._seen: Counter[tuple[str, str]] = Counter()
        self.active: Counter[str] = Counter()
        self.possible: Counter[str] = Counter()
        self.dense: Counter[str] = Counter()

    def run(self) -> None:
        """All blocks of steps, one after the other."""
        task, state = self._task, self._state
        self._membranes = {
            name: self._start(each, state) for name, each in self._circuit.populations.items() if not each.fires_once
        }
        self._second_states = {
            name: self._second_state(each, state)
            for name, each in self._circuit.populations.items()
            if each.second is not None
        }
        self._sums = {name: self._pool(name, state) for name in self._circuit.windows if name in task.plan.fan_outs}
        for start in range(0, len(task.plan.shares), task.block):
            now = slice(start, min(start + task.block, len(task.plan.shares)))
            streams = self._streams(now)
            self._integrate(streams, now)
            del streams  # before the next block makes its own

    def report(self, tally: Tally) -> None:
        """Hand over what was counted."""
        for (layer, what), number in self._seen.items():
            tally.add(layer, **{what: number})

    def outcome(self) -> Outcome:
        """What the run gave."""
        output = self._output()
        fires = () if self._task.waits else self._network.all(Fire)
        return Outcome(
            values=self._decoded(output),
            state=State(
                potentials={fire.name: self._potentials(fire.name) for fire in fires},
                second_states={name: self._task.shaped(name, g) for name, g in self._second_states.items()},
                sums={} if self._task.waits else {name: self._pool_state(name) for name in self._sums},
                output=output,
                injected=self._injected,
                passed=self._state.passed + len(self._task.plan.shares),
            ),
            rasters={layer: Raster(torch.cat(blocks)) for layer, blocks in self._rasters.items()},
            trajectory=self._trajectory(output) if self._task.trajectory else None,
        )

    def _trajectory(self, output: Tensor) -> Tensor:
        """The output after every step; nothing before its window opens."""
        assert self._task.plan.schedule is not None
        before = [torch.zeros_like(output)] * (self._task.plan.schedule.latency - len(self._path))
        return torch.stack(before + self._path)

    def _start(self, population: Population, state: State) -> Tensor:
        """The potentials of a population, with the margins its events need."""
        name, layout = population.node.name, population.layout
        v = _filled(population.initial, (self._samples, layout.size), self._task.dtype)
        own = state.output if population.node is self._network.output else None
        before = state.potentials.get(name) if isinstance(population.node, Fire) else own
        if before is None and isinstance(population.node, Fire) and population.node.start is not None:
            before = first_potential(population.node, v[: self._samples])
        if before is not None:
            neurons = layout.neurons_of(v)
            neurons.copy_(channels_innermost(before, self._circuit.channels[name]).view_as(neurons))
        return v

    def _second_state(self, population: Population, state: State) -> Tensor:
        """The second state of a population, ``[samples, neurons]``."""
        name, size = population.node.name, population.node.size
        if name in state.second_states:
            return channels_innermost(state.second_states[name], self._circuit.channels[name]).clone()
        assert population.second is not None
        return _filled(population.second, (self._samples, size), self._task.dtype)

    def _pool(self, name: str, state: State) -> tuple[Tensor, Tensor]:
        """The running sums that enter a maximum pool, and the largest of each window."""
        node, channels = self._network.by_name[name], self._circuit.channels[name]
        if name in state.sums:
            sums, largest = state.sums[name]
            return channels_innermost(sums, channels).clone(), channels_innermost(largest, channels).clone()
        sizes = self._network.source(node).size, node.size
        sums, largest = (_filled(0.0, (self._samples, size), self._task.dtype) for size in sizes)
        return sums, largest

    def _given_before(self, state: State) -> Tensor:
        """What an output that is no population of its own has given so far."""
        none = torch.zeros(self._samples, *self._network.output.shape, dtype=self._task.dtype)
        return none if state.output is None else state.output

    def _streams(self, now: slice) -> dict[str, Stream]:
        """What every node emits in a block of steps."""
        streams: dict[str, Stream] = {}
        for node in self._network.nodes:
            if isinstance(node, Fire):
                streams[node.name] = self._fire(node, streams, now)
            elif isinstance(node, Frames):
                streams[node.name] = self._show(node, now)
            elif node.name in self._network.eventful:
                streams[node.name] = self._pass_on(node, streams)
        return streams

    def _show(self, node: Frames, now: slice) -> Stream:
        """A block of frames as events."""
        frames = channels_innermost(self._input[:, now].flatten(0, 1), self._circuit.channels[node.name])
        shown = from_frames(frames.unflatten(0, (self._samples, -1)))
        if self._task.counting:
            self._arrive(node.name, shown)
        return shown

    def _fire(self, node: Fire, streams: dict[str, Stream], now: slice) -> Stream:
        population = self._circuit.populations[node.name]
        if node.name in self._task.relays:
            emitted = streams[self._task.relays[node.name]]
        elif population.fires_once:
            emitted = self._once(population, streams)
        else:
            whole = self._task.waits
            tables = population.tables if whole else population.tables.part(now.start, now.stop)
            draws = node.code.contract.random
            emitted = self._draw(population, tables, now) if draws else self._advance(population, streams, tables)
        if node.layer in self._rasters:
            self._rasters[node.layer].append(self._raster(node.name, emitted))
        if self._task.counting:
            self._see(node.layer, spikes=len(emitted.where), state_updates=self._updates(node, emitted))
        if self._disturbance:
            return self._disturbed(self._disturbance, node, emitted, now.start)
        if self._task.counting:
            self._arrive(node.name, emitted)
        return emitted

    def _disturbed(self, disturbance: Disturbance, node: Fire, emitted: Stream, start: int) -> Stream:
        """What arrives of a block's events, all of which arrives in it."""
        channels, positions = self._circuit.channels[node.name], node.size // self._circuit.channels[node.name]
        where, sample, step = emitted.listed()
        place = where % channels * positions + where // channels
        listed = (torch.from_numpy(each) for each in (sample, place, step + start, emitted.amount))
        kept = disturbance.kept(node, Spikes(*listed))
        if self._task.counting:
            for layer, fan in self._task.plan.fan_outs[node.name].items():
                self._see(layer, events_in=len(kept.place), synops=int(fan.channels_first[kept.place.numpy()].sum()))
        sample, place, at, amount = (each.numpy() for each in disturbance.arriving(node, kept))
        where = place % positions * channels + place // positions
        return Stream.gathered(sample, at - start, where, amount, emitted.bounds.shape, node.size)

    def _updates(self, node: Fire, emitted: Stream) -> int:
        """Comparisons with the threshold: every neuron at every step, but none after the spike that silences it."""
        updates = node.size * self._samples * emitted.steps
        if not node.code.neuron().fires_once:
            return updates
        silent = np.arange(emitted.steps - 1, -1, -1)  # steps left after a spike at each step
        return updates - int((emitted.numbers.sum(0) * silent).sum())

    def _pass_on(self, node: Node, streams: dict[str, Stream]) -> Stream:
        if isinstance(node, Rewire):
            wires = self._circuit.wires[node.name]
            return Stream.merged([average(streams[source], each) for source, each in wires.items()])
        incoming = streams[node.inputs[0]]
        if isinstance(node, Flatten):
            return incoming
        if isinstance(node, Affine):
            return scale(incoming, self._circuit.gains[node.name])
        windows = self._circuit.windows[node.name]
        if isinstance(node, AvgPool):
            return average(incoming, windows)
        emitted = maximum(incoming, windows, *self._sums[node.name])
        if self._task.counting:
            self._see(self._task.plan.layer_of[node.name], compares=len(incoming.where))
            self._arrive(node.name, emitted)
        return emitted

    def _once(self, population: Population, streams: dict[str, Stream]) -> Stream:
        """A population that fires once, over its whole window; what is there when it opens may be summed densely."""
        constant, incoming = self._constants[population.node.name], []
        for branch in population.branches:
            stream = streams[branch.source]
            crowded = self._crowded(branch, stream, 1, opening=branch.lag + 1)
            if any(crowded):
                stream, taken = self._settled(branch, stream, crowded, opening=branch.lag + 1)
                constant = constant + taken
            incoming.append(stream)
        return fire_once(
            tuple(incoming),
            tuple(branch.lag for branch in population.branches),
            population.projections,
            population.layout,
            self._samples,
            constant.numpy(),
            population.tables,
            population.staircase,
        )

    def _advance(self, population: Population, streams: dict[str, Stream], tables: Tables) -> Stream:
        """A population over the steps of its tables, by events or densely."""
        membranes, steps = self._membranes[population.node.name], len(tables.thresholds)
        incoming = [streams[branch.source].arriving(branch.lag, steps) for branch in population.branches]
        whole = self._task.waits and not isinstance(population.node, Fire)  # only what arrives in all matters
        crowded = [
            self._crowded(branch, stream, 1 if whole else steps)
            for branch, stream in zip(population.branches, incoming, strict=True)
        ]
        if not any(map(any, crowded)):
            pass
        elif whole:
            neurons = population.layout.neurons_of(membranes)
            for i, branch in enumerate(population.branches):
                incoming[i], taken = self._settled(branch, incoming[i], crowded[i])
                neurons += taken.view_as(neurons)
        else:
            for branch, each in zip(population.branches, crowded, strict=True):
                self.dense[branch.weigh.name] += branch.emitters * steps * sum(each)
            return self._one_by_one(population, incoming, tables, [any(each) for each in zip(*crowded, strict=True)])
        g = self._second_states.get(population.node.name)
        return _by_event(population, incoming, membranes, g, self._constants[population.node.name], tables)

    def _draw(self, population: Population, tables: Tables, now: slice) -> Stream:
        """A population that a random current drives: every neuron has a say in every step."""
        node = population.node
        assert isinstance(node, Fire)
        x = self._task.shaped(node.inputs[0], self._input)
        noise = node.code.noise(x, self._state.passed + now.start, now.stop - now.start)
        drive = channels_innermost(noise.flatten(0, 1), self._circuit.channels[node.name])
        v = population.layout.neurons_of(self._membranes[node.name]).reshape(self._samples, -1).clone()
        law = self._constants[node.name], tables, population.leak, v, np.zeros(node.size, np.int64)
        emitted, _, _ = scan(drive.view(-1, *v.shape), *law)
        return from_frames(emitted.transpose(0, 1))

    def _crowded(self, branch: Branch, incoming: Stream, steps: int, opening: int | None = None) -> list[bool]:
        """For each sample, whether a branch is better evaluated densely, in so many steps.

        `opening`: only the events of so many steps are asked about.
        """
        layer, bounds = branch.weigh.name, incoming.bounds
        active = (bounds[:, -1 if opening is None else min(opening, incoming.steps)] - bounds[:, 0]).tolist()
        self.active[layer] += int((bounds[:, -1] - bounds[:, 0]).sum())
        self.possible[layer] += branch.emitters * steps * len(active)
        if layer in self._task.ways:
            return [self._task.ways[layer] == "dense"] * len(active)
        return [branch.crowded(number, steps) for number in active]

    def _one_by_one(
        self, population: Population, incoming: list[Stream], tables: Tables, crowded: list[bool]
    ) -> Stream:
        """Every sample in the way that is best for it."""
        name, parts = population.node.name, []
        membranes, constants, g = self._membranes[name], self._constants[name], self._second_states.get(name)
        for b, dense in enumerate(crowded):
            way = self._densely if dense else _by_event
            streams, constant = [each.sample(b) for each in incoming], constants[b % len(constants)][None]
            mine = None if g is None else g[b : b + 1]
            parts.append(way(population, streams, membranes[b : b + 1], mine, constant, tables))
        return Stream.joined(parts)

    def _densely(
        self,
        population: Population,
        incoming: list[Stream],
        membranes: Tensor,
        g: Tensor | None,
        constant: Tensor,
        tables: Tables,
    ) -> Stream:
        """One evaluation of every branch for all steps of a sample, then one scan."""
        drives = [
            self._drive(branch, to_frames(stream, self._task.size(branch.source))[0])
            for branch, stream in zip(population.branches, incoming, strict=True)
        ]
        drive = sum(drives[1:], drives[0])
        neurons = population.layout.neurons_of(membranes)
        v, weights = neurons.reshape(1, -1).clone(), np.zeros(drive.shape[1], np.int64)
        law = {"keep": population.keep, "growth": population.growth, "corrects": population.corrects, "g": g}
        emitted, v, _ = scan(drive[:, None], constant, tables, population.leak, v, weights, **law)
        neurons.copy_(v.view_as(neurons))
        return from_frames(emitted.transpose(0, 1))

    def _settled(
        self, branch: Branch, incoming: Stream, crowded: list[bool], opening: int | None = None
    ) -> tuple[Stream, Tensor]:
        """What still comes by events, and what crowded samples get in all, or in so many steps, ``[samples, n]``."""
        bounds, taken = incoming.bounds.copy(), _filled(0.0, (self._samples, branch.weigh.size), self._task.dtype)
        until = incoming.steps if opening is None else min(opening, incoming.steps)
        for b in (b for b, dense in enumerate(crowded) if dense):
            there = incoming.part(0, until).sample(b)
            frames = to_frames(there, self._task.size(branch.source))[0].sum(0, keepdim=True)
            taken[b] = self._drive(branch, frames)[0]
            bounds[b, :until] = bounds[b, until]
            self.dense[branch.weigh.name] += branch.emitters
        return incoming._replace(bounds=bounds), taken

    def _drive(self, branch: Branch, frames: Tensor) -> Tensor:
        """What a weight layer makes of ``[rows, values]``, channels innermost before and after."""
        drive = without_bias(branch.weigh, self._task.shaped(branch.source, frames))
        return channels_innermost(drive, self._circuit.channels[branch.weigh.name])

    def _integrate(self, streams: dict[str, Stream], now: slice) -> None:
        """The output's sums over a block of steps; step by step where the way there is wanted."""
        stride = 1 if self._task.trajectory else now.stop - now.start
        for start in range(0, now.stop - now.start, stride):
            self._add(
                {name: each.part(start, start + stride) for name, each in streams.items()}, now.start + start, stride
            )
            if self._task.trajectory:
                self._path.append(self._decoded(self._output()))

    def _add(self, streams: dict[str, Stream], start: int, steps: int) -> None:
        """Take the events of some steps into the output."""
        for name in self._task.roots:
            population = self._circuit.populations[name]
            self._advance(population, streams, population.tables.part(start, start + steps))
        if not self._task.roots:
            name = self._network.output.name
            emitted = to_frames(streams[name], self._task.size(name)).sum(1)
            self._total = self._total + self._task.shaped(name, emitted)
        for share in self._task.plan.shares[start : start + steps]:
            self._injected += share

    def _output(self) -> Tensor:
        """The output's running sum."""
        sums = {name: self._potentials(name) for name in self._task.roots}
        for node in self._circuit.tail:
            sums[node.name] = evaluate(node, *(sums[name] for name in node.inputs))
        if not self._circuit.tail and self._task.roots:
            return sums[self._network.output.name]
        return self._total + sums[self._network.output.name] if sums else self._total

    def _decoded(self, output: Tensor) -> Tensor:
        """The output's running sum over what a constant drive of 1 would have given."""
        return output / self._injected if self._injected else output

    def _raster(self, name: str, stream: Stream) -> Tensor:
        """The spikes of a node, bool ``[steps, samples, *shape]``."""
        fired = to_frames(stream, self._task.size(name)) != 0
        shaped = self._task.shaped(name, fired.flatten(0, 1))
        return shaped.unflatten(0, (self._samples, stream.steps)).transpose(0, 1)

    def _potentials(self, name: str) -> Tensor:
        """The membranes of a population as the other engines have them."""
        neurons = self._circuit.populations[name].layout.neurons_of(self._membranes[name])
        return self._task.shaped(name, neurons.flatten(1)).clone()

    def _pool_state(self, name: str) -> tuple[Tensor, Tensor]:
        sums, largest = self._sums[name]
        return self._task.shaped(self._network.by_name[name].inputs[0], sums), self._task.shaped(name, largest)

    def _arrive(self, emitter: str, emitted: Stream) -> None:
        """Every event arrives at the synapses of its fan-out."""
        for layer, fan in self._circuit.fans[emitter].items():
            self._see(layer, events_in=len(emitted.where), synops=int(fan[emitted.where].sum()))

    def _see(self, layer: str, **numbers: int) -> None:
        for what, number in numbers.items():
            self._seen[layer, what] += number


def _by_event(
    population: Population,
    incoming: Sequence[Stream],
    membranes: Tensor,
    g: Tensor | None,
    constant: Tensor,
    tables: Tables,
) -> Stream:
    """A population over the steps of its tables, event by event."""
    neurons, law = (population.layout, membranes, constant), (population.leak, population.keep, population.growth)
    return advance(tuple(incoming), population.projections, *neurons, tables, *law, population.corrects, g)


def _filled(value: float, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """A tensor of one value, filled on this thread: torch's own would wake the threads that these samples run on."""
    filled = torch.empty(shape, dtype=dtype)
    filled.numpy().fill(value)
    return filled
