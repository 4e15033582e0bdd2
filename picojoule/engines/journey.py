"""One image on its way through the layers as a list of events, a block of steps at a time.

A layer of whose source so many values are active that a dense convolution is faster gets one, for that image and
block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from picojoule.engines.circuit import Circuit, Population, integrates
from picojoule.engines.outcome import Outcome, State
from picojoule.engines.plan import Plan
from picojoule.engines.projecting import channels_first, channels_innermost
from picojoule.engines.tally import Tally
from picojoule.ir import Affine, AvgPool, Fire, Flatten, Network, Node, WeightLayer
from picojoule.ir.dense import without_bias
from picojoule.kernels.advance import advance
from picojoule.kernels.pooling import average, maximum
from picojoule.kernels.projection import Stream, from_frames, scale, to_frames
from picojoule.kernels.scan import Tables, scan
from picojoule.spikes import Raster

_STEPS, _VALUES = 64, 1 << 22
"""Steps taken through all layers at a time, and the most values of a layer over these steps."""


class Task(NamedTuple):
    """What is the same for every image.

    Attributes:
        network, plan, circuit: what to run.
        record: the firing node of each layer whose spikes to keep.
        trajectory: keep the output as it stands after every step.
        ways: ``"event"`` or ``"dense"`` for some weight layers.
        dtype: number type of potentials.
        shares: of a constant drive, taken in by the output at each step.
        block: steps taken through all layers at a time.
    """

    network: Network
    plan: Plan
    circuit: Circuit
    record: dict[str, str]
    trajectory: bool
    ways: Mapping[str, str]
    dtype: torch.dtype
    shares: tuple[float, ...]
    block: int

    @classmethod
    def of(
        cls,
        network: Network,
        plan: Plan,
        circuit: Circuit,
        record: frozenset[str],
        trajectory: bool,
        ways: Mapping[str, str],
        dtype: torch.dtype,
    ) -> Self:
        """The task of running a network."""
        assert plan.schedule is not None
        nodes = {fire.layer: fire.name for fire in network.all(Fire) if fire.layer in record}
        shares = plan.schedule.windows[network.output.name].code.injections()
        block = max(1, min(_STEPS, _VALUES // max(node.size for node in network.nodes)))
        return cls(network, plan, circuit, nodes, trajectory, ways, dtype, shares, block)

    def size(self, name: str) -> int:
        """Values of a node."""
        return self.network.by_name[name].size

    def shaped(self, name: str, rows: Tensor) -> Tensor:
        """Rows of a node's values ``[rows, values]``, channels innermost, as ``[rows, *shape]``."""
        return channels_first(rows, self.circuit.channels[name]).reshape(len(rows), *self.network.by_name[name].shape)


class Journey:
    """One image: the mutable things of its way in one place.

    Attributes:
        arrived: events that arrived at each weight layer.
        steps: steps each weight layer took, and ``dense`` those it took densely.
    """

    def __init__(self, task: Task, held: dict[str, Tensor], state: State) -> None:
        self._task, self._held = task, held
        self._network, self._circuit = task.network, task.circuit
        self._membranes = {name: self._start(each, state) for name, each in self._circuit.populations.items()}
        self._sums = {name: self._pool(name, state) for name in self._circuit.windows if name in task.plan.fan_outs}
        self._total = None if integrates(task.network) else self._emitted_before(state)
        self._injected = state.injected
        self._rasters: dict[str, list[Tensor]] = {layer: [] for layer in task.record}
        self._path: list[Tensor] = []
        self._seen: Counter[tuple[str, str]] = Counter()
        self.arrived: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self.dense: Counter[str] = Counter()

    @torch.inference_mode()
    def run(self) -> None:
        """All blocks of steps, one after the other."""
        task = self._task
        for start in range(0, len(task.shares), task.block):
            now = slice(start, min(start + task.block, len(task.shares)))
            streams = self._streams(now)
            for layer, name in task.record.items():
                self._rasters[layer].append(task.shaped(name, to_frames(streams[name], task.size(name)) != 0))
            self._integrate(streams, now)

    def report(self, tally: Tally) -> None:
        """Hand over what was counted."""
        for (layer, what), number in self._seen.items():
            tally.add(layer, **{what: number})

    def outcome(self) -> Outcome:
        """What the run gave, for a batch of one."""
        output = self._output()
        return Outcome(
            values=self._decoded(output),
            state=State(
                potentials={fire.name: self._potentials(fire.name) for fire in self._network.all(Fire)},
                sums={name: self._pool_state(name) for name in self._sums},
                output=output,
                injected=self._injected,
            ),
            rasters={layer: Raster(torch.cat(blocks)[:, None]) for layer, blocks in self._rasters.items()},
            trajectory=torch.stack(self._path) if self._task.trajectory else None,
        )

    def _start(self, population: Population, state: State) -> Tensor:
        """The potentials of a population, with the margins its events need."""
        name, layout = population.node.name, population.layout
        v = torch.full((layout.size,), population.initial, dtype=self._task.dtype)
        before = state.potentials.get(name) if isinstance(population.node, Fire) else state.output
        if before is not None:
            neurons = layout.neurons_of(v)
            neurons.copy_(channels_innermost(before[0], self._circuit.channels[name]).view_as(neurons))
        return v

    def _pool(self, name: str, state: State) -> tuple[Tensor, Tensor]:
        """The running sums that enter a maximum pool, and the largest of each window."""
        node, channels = self._network.by_name[name], self._circuit.channels[name]
        if name in state.sums:
            sums, largest = state.sums[name]
            return channels_innermost(sums[0], channels).clone(), channels_innermost(largest[0], channels).clone()
        sums, largest = torch.zeros(self._network.source(node).size), torch.zeros(node.size)
        return sums.to(self._task.dtype), largest.to(self._task.dtype)

    def _emitted_before(self, state: State) -> Tensor:
        """What an output that emits events has emitted so far."""
        output = self._network.output
        none = torch.zeros(1, *output.shape, dtype=self._task.dtype)
        return none if state.output is None else state.output

    def _streams(self, now: slice) -> dict[str, Stream]:
        """What every node emits in a block of steps."""
        streams: dict[str, Stream] = {}
        for node in self._network.nodes:
            if isinstance(node, Fire):
                streams[node.name] = self._fire(node, streams, now)
            elif node.inputs and node.inputs[0] in streams and not isinstance(node, WeightLayer):
                streams[node.name] = self._pass_on(node, streams[node.inputs[0]])
        return streams

    def _fire(self, node: Fire, streams: dict[str, Stream], now: slice) -> Stream:
        emitted = self._advance(self._circuit.populations[node.name], streams, now)
        self._see(node.layer, spikes=emitted.number, state_updates=node.size * (now.stop - now.start))
        self._arrive(node.name, emitted)
        return emitted

    def _pass_on(self, node: Node, incoming: Stream) -> Stream:
        if isinstance(node, Flatten):
            return incoming
        if isinstance(node, Affine):
            return scale(incoming, self._circuit.gains[node.name])
        windows = self._circuit.windows[node.name]
        if isinstance(node, AvgPool):
            return average(incoming, windows)
        emitted = maximum(incoming, windows, *self._sums[node.name])
        self._see(self._task.plan.layer_of[node.name], compares=incoming.number)
        self._arrive(node.name, emitted)
        return emitted

    def _advance(self, population: Population, streams: dict[str, Stream], now: slice) -> Stream:
        """A population over a block of steps, by events or densely."""
        steps, tables = now.stop - now.start, population.tables.part(now.start, now.stop)
        if population.weigh is None or population.source is None:
            held = self._held[self._network.source(population.node).name]
            return self._by_event(population, Stream.room(steps, 0, self._task.dtype), held, tables)
        layer, incoming = population.weigh.name, streams[population.source]
        crowded = incoming.number > population.dense_from * steps * self._task.size(population.source)
        self.arrived[layer] += incoming.number
        self.steps[layer] += steps
        if self._task.ways.get(layer, "dense" if crowded else "event") == "event":
            return self._by_event(population, incoming, population.constant, tables)
        self.dense[layer] += steps
        return self._densely(population, incoming, tables)

    def _by_event(self, population: Population, incoming: Stream, constant: Tensor, tables: Tables) -> Stream:
        v = self._membranes[population.node.name]
        return advance(incoming, population.projection, population.layout, v, constant, tables, population.leak)

    def _densely(self, population: Population, incoming: Stream, tables: Tables) -> Stream:
        """One convolution for all steps, then one scan."""
        frames = self._task.shaped(population.source, to_frames(incoming, self._task.size(population.source)))
        drive = without_bias(population.weigh, frames)
        channels = self._circuit.channels[population.weigh.name]
        drive = drive.reshape(len(drive), channels, -1).transpose(1, 2).reshape(len(drive), 1, -1).contiguous()
        neurons = population.layout.neurons_of(self._membranes[population.node.name])
        v, weights = neurons.reshape(1, -1).clone(), np.zeros(neurons.numel(), np.int64)
        emitted, v, _ = scan(drive, population.constant[None], tables, population.leak, v, weights)
        neurons.copy_(v.view_as(neurons))
        return from_frames(emitted[:, 0])

    def _integrate(self, streams: dict[str, Stream], now: slice) -> None:
        """The output's sums over a block of steps; step by step where the way there is wanted."""
        stride = 1 if self._task.trajectory else now.stop - now.start
        for start in range(now.start, now.stop, stride):
            part = slice(start - now.start, start - now.start + stride)
            self._add(
                {name: each.part(part.start, part.stop) for name, each in streams.items()}, slice(start, start + stride)
            )
            for share in self._task.shares[start : start + stride]:
                self._injected += share
            if self._task.trajectory:
                self._path.append(self._decoded(self._output()))

    def _add(self, streams: dict[str, Stream], now: slice) -> None:
        """Take the events of some steps into the output."""
        name = self._network.output.name
        if self._total is None:
            self._advance(self._circuit.populations[name], streams, now)
        else:
            emitted = to_frames(streams[name], self._task.size(name)).sum(0, keepdim=True)
            self._total = self._total + self._task.shaped(name, emitted)

    def _output(self) -> Tensor:
        return self._potentials(self._network.output.name) if self._total is None else self._total

    def _decoded(self, output: Tensor) -> Tensor:
        """The output's running sum over what a constant drive of 1 would have given."""
        return output / self._injected if self._injected else output

    def _potentials(self, name: str) -> Tensor:
        """The membranes of a population as the other engines have them."""
        neurons = self._circuit.populations[name].layout.neurons_of(self._membranes[name])
        return self._task.shaped(name, neurons.reshape(1, -1)).clone()

    def _pool_state(self, name: str) -> tuple[Tensor, Tensor]:
        sums, largest = self._sums[name]
        return self._task.shaped(self._network.by_name[name].inputs[0], sums[None]), self._task.shaped(
            name, largest[None]
        )

    def _arrive(self, emitter: str, emitted: Stream) -> None:
        """Every event arrives at the synapses of its fan-out."""
        for layer, fan in self._circuit.fans[emitter].items():
            synops = int(fan[emitted.where[: emitted.number]].sum())
            self._see(layer, events_in=emitted.number, synops=synops)

    def _see(self, layer: str, **numbers: int) -> None:
        for what, number in numbers.items():
            self._seen[layer, what] += number
