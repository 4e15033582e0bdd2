"""Event by event: work grows with the spikes, not with T·MACs. Exact for every code.

Each sample goes its own way through the layers as a list of events (:mod:`picojoule.engines.journey`), so a result
depends neither on the batch a sample came in nor on the number of threads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from picojoule.engines.circuit import circuit
from picojoule.engines.circuit import refuses as circuit_refuses
from picojoule.engines.disturbing import Disturbance
from picojoule.engines.journey import Journey, Task
from picojoule.engines.memo import per_network
from picojoule.engines.outcome import Outcome, State
from picojoule.engines.plan import Plan
from picojoule.engines.projecting import channels_innermost
from picojoule.engines.tally import Tally
from picojoule.ir import Fire, Frames, Input, Island, Network, WeightLayer
from picojoule.ir.dense import evaluate, scaled_input

_ENOUGH, _ONCE = 1 << 22, 4
"""Neurons times steps that are worth a thread, and the steps that a neuron counts for that fires once."""


@per_network
def refuses(network: Network) -> str | None:
    """Why this engine cannot run the network exactly; None if it can."""
    if not network.spiking:
        return "nothing fires, so there are no events"
    if any(network.all(Island)):
        return "an analogue island waits for all of its inputs"
    devices = {layer.weight.device.type for layer in network.all(WeightLayer)}
    if devices - {"cpu"}:
        return f"its weights are on {', '.join(sorted(devices))}, and lists of events are for the CPU"
    if any(fire.code.neuron().saturates for fire in network.all(Fire)):
        return "potentials that saturate when a window opens are for dense passes"
    return circuit_refuses(network)


def run_event(
    network: Network,
    plan: Plan,
    x: Tensor,
    *,
    record: frozenset[str],
    tally: Tally | None,
    state: State | None = None,
    trajectory: bool = False,
    ways: Mapping[str, str] | None = None,
) -> Outcome:
    """Run the whole schedule; other arguments and the result as :func:`picojoule.engines.stepped.run_stepped`.

    Args:
        ways: ``"event"`` or ``"dense"`` for some weight layers; for the others the faster, from their activity.
    """
    state = state or State()
    task = Task(
        network=network, plan=plan, circuit=circuit(network), record=record, trajectory=trajectory, ways=ways or {},
        counting=tally is not None, dtype=x.dtype,
    )  # fmt: skip
    threads, disturbance = _threads(task, len(x)), Disturbance.of(network, x)

    @torch.inference_mode()
    def travel(part: slice) -> tuple[Journey, Outcome]:
        held = _held(task, x[part], tally)
        journey = Journey(task, held, state.part(part.start, part.stop), disturbance and disturbance.part(part))
        journey.run()
        return journey, journey.outcome()

    with _workers(threads) as each:
        journeys, outcomes = zip(*each(travel, _parts(task, len(x), threads)), strict=True)
    for journey in journeys if tally else ():
        journey.report(tally)
    return replace(Outcome.joined(outcomes), note=_note(journeys))


def _parts(task: Task, samples: int, threads: int) -> list[slice]:
    """Which samples travel together: parts of one size, as many for every thread."""
    parts = -(-samples // (task.samples * threads)) * threads
    cuts = [samples * each // parts for each in range(parts + 1)]
    return [slice(start, stop) for start, stop in pairwise(cuts) if stop > start]


def _held(task: Task, x: Tensor, tally: Tally | None) -> dict[str, Tensor]:
    """What the nodes above all neurons hold during the whole run, channels innermost.

    Weights are applied sample by sample: torch rounds a convolution differently in another batch.
    """
    values: dict[str, Tensor] = {}
    channels = task.circuit.channels
    for node in task.network.nodes:
        if isinstance(node, Input):
            values[node.name] = scaled_input(node, x)
        elif node.name in task.network.analogue:
            sources = [values[name] for name in node.inputs]
            samples = zip(*(source.split(1) for source in sources), strict=True)
            values[node.name] = torch.cat([evaluate(node, *each) for each in samples])
            if tally and node.name in task.plan.dense_fans:
                tally.multiply(node.name, *sources)
    shown = any(task.network.all(Frames))  # an input of frames stays as it is
    return {
        name: value if shown and name == task.network.input.name else channels_innermost(value, channels[name])
        for name, value in values.items()
    }


def _threads(task: Task, samples: int) -> int:
    """As many as torch may use, if each has enough to do."""
    steps = _ONCE if task.waits else len(task.plan.shares)
    work = steps * samples * sum(fire.size for fire in task.network.all(Fire))
    return max(1, min(torch.get_num_threads(), samples, work // _ENOUGH))


@contextmanager
def _workers(threads: int) -> Iterator[Callable[..., Iterable[Any]]]:
    """What maps with so many threads; the kernels leave Python's lock alone.

    In each of them torch has one thread: those of its own spin for milliseconds after every layer that used them, where
    one of ours would run.
    """
    if threads < 2:
        yield map
        return
    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool.map
    finally:
        torch.set_num_threads(before)  # what threads yet to come begin with


def _note(journeys: Iterable[Journey]) -> str:
    """How active each layer's source was, and which layers were evaluated densely for it."""
    active: Counter[str] = Counter()
    possible: Counter[str] = Counter()
    dense: Counter[str] = Counter()
    for journey in journeys:
        active.update(journey.active)
        possible.update(journey.possible)
        dense.update(journey.dense)
    told = []
    for layer, most in possible.items():
        part = "" if dense[layer] == most else f" for {dense[layer] / most:.0%}"
        told.append(f"{layer} {active[layer] / most:.1%}" + (f" (dense{part})" if dense[layer] else ""))
    return f"active: {', '.join(told)}" if told else ""
