"""The verb ``run``: choose the fastest exact engine, evaluate, count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, final

import torch
from torch import Tensor

from picojoule.base.errors import EngineError, InputError
from picojoule.cost import Counts
from picojoule.engines import closed, event, layered
from picojoule.engines.closed import run_closed
from picojoule.engines.disturbing import require_whole
from picojoule.engines.event import run_event
from picojoule.engines.layered import run_layered
from picojoule.engines.outcome import State
from picojoule.engines.plan import plan as plan_of
from picojoule.engines.stepped import run_stepped
from picojoule.engines.tally import Tally
from picojoule.ir import Fire, Island, Network, WeightLayer
from picojoule.spikes import Raster, Times

ENGINES: dict[str, str] = {
    "closed": "one dense pass, exact where every code has a closed form",
    "event": "event by event, all codes; on the CPU",
    "layered": "layer by layer, time folded into the batch, exact where all layers fire in the same steps",
    "stepped": "every step of every layer: the slow oracle, all codes",
}
_REFUSES = {"closed": closed.refuses, "event": event.refuses, "layered": layered.refuses}
"""Why an engine cannot run a network exactly, or None, by name; the oracle runs all."""


@final
@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run gave.

    Attributes:
        values: the network's outputs as the model gives them: ``[batch, ...]``, or a tuple or dict of such.
        counts: what the modelled hardware did; None if not asked for.
        plan: which engine ran, and why.
        trains: spikes of the recorded layers, in the network's order: :class:`~picojoule.spikes.Times` from the closed
            engine where neurons fire once, :class:`~picojoule.spikes.Raster` elsewhere.
        trajectory: outputs after each step, ``[steps, batch, ...]``, several in one row; None if not asked for.
        state: pass it to the next run to go on; None where the engine has none.
    """

    values: Any
    counts: Counts | None
    plan: str
    trains: dict[str, Times | Raster] = field(default_factory=dict)
    trajectory: Tensor | None = None
    state: State | None = None


@torch.inference_mode()
def run(
    network: Network,
    x: Tensor,
    *,
    engine: str | Mapping[str, str] = "auto",
    record: Iterable[str] = (),
    state: State | None = None,
    trajectory: bool = False,
    count: bool = True,
) -> Run:
    """Run a network on a batch. A call starts fresh: nothing remembers between calls but the `state` you pass.

    Args:
        network: an ANN, a quantised ANN or a spiking network.
        x: inputs ``[batch, ...]``.
        engine: ``auto`` (the fastest exact one), ``closed``, ``event``, ``layered`` or ``stepped``; or, for some weight
            layers by name, ``event`` or ``dense``: the event engine, with its own choice for all other layers.
        record: layers whose spikes to keep in ``trains``.
        state: where an earlier run stopped, to go on from (codes that do not wait).
        trajectory: keep the outputs after every step.
        count: count spikes, synaptic operations and the rest.

    Raises:
        InputError: an unknown engine or layer, or a state of another batch.
        ConversionError: inputs of the wrong shape.
        EngineError: the engine cannot run this network exactly.
    """
    record = _known(network, record)
    ways = {} if isinstance(engine, str) else _ways(network, engine)
    engine = engine if isinstance(engine, str) else "event"
    name, reason = _choose(network, engine, state=state, trajectory=trajectory)
    x = network.check_input(x)
    if not len(x):
        raise InputError("a batch of no samples", where=f"run({network.name})", remedy="give at least one sample")
    _check_state(network, state, x)
    if state is not None:
        require_whole(network)
    _require_exact(network, name)
    _require_bits(network, name, x)
    plan = plan_of(network)
    tally = Tally(plan, len(x)) if count else None
    if name == "closed":
        values, trains = run_closed(network, plan, x, record=record, tally=tally)
        return Run(
            values=network.as_model(values),
            counts=tally.counts() if tally else None,
            plan=f"closed: {reason}",
            trains=_in_order(network, trains),
        )
    in_steps = {"event": partial(run_event, ways=ways), "layered": run_layered, "stepped": run_stepped}[name]
    done = in_steps(network, plan, x, record=record, tally=tally, state=state, trajectory=trajectory)
    return Run(
        values=network.as_model(done.values),
        counts=tally.counts() if tally else None,
        plan=f"{name}: {reason}" + (f"; {done.note}" if done.note else ""),
        trains=_in_order(network, done.rasters),
        trajectory=done.trajectory,
        state=done.state,
    )


Train = TypeVar("Train", bound=Times | Raster)


def _in_order(network: Network, trains: Mapping[str, Train]) -> dict[str, Train]:
    """By layer as the network has them, whatever order a set of names has in this process."""
    return {fire.layer: trains[fire.layer] for fire in network.all(Fire) if fire.layer in trains}


def _known(network: Network, record: Iterable[str]) -> frozenset[str]:
    asked, known = frozenset(record), [fire.layer for fire in network.all(Fire)]
    if not asked <= set(known):
        raise InputError(
            f"no firing layer named {', '.join(sorted(asked - set(known)))}",
            where=f"run({network.name}, record=...)",
            remedy=f"choose from {', '.join(known) or 'nothing: this network does not fire'}",
        )
    return asked


def _ways(network: Network, asked: Mapping[str, str]) -> dict[str, str]:
    """What was asked for some layers, if they are layers and it is one of the ways there are."""
    layers = [layer.name for layer in network.all(WeightLayer)]
    for layer, way in asked.items():
        if layer not in layers or way not in ("event", "dense"):
            raise InputError(
                f"{layer}: {way}",
                where="run(engine={...})",
                remedy=f'give "event" or "dense" for any of {", ".join(layers)}',
            )
    return dict(asked)


def _choose(network: Network, engine: str, *, state: State | None, trajectory: bool) -> tuple[str, str]:
    if engine not in (*ENGINES, "auto"):
        raise InputError(f"no engine {engine!r}", where="run(engine=...)", remedy=f"choose auto, {', '.join(ENGINES)}")
    in_steps = state is not None or trajectory
    if engine in ("event", "layered", "stepped") and not network.spiking:
        raise EngineError("nothing fires, so there are no steps", where=f"engine {engine}", remedy='use engine="auto"')
    if in_steps and (engine == "closed" or not network.spiking):
        raise EngineError(
            "a state or a trajectory needs steps", where=f"run({network.name})", remedy='use engine="auto"'
        )
    once = any(fire.code.waits for fire in network.all(Fire))
    if state is not None and (once or any(network.all(Island))):
        raise EngineError(
            f"its {'neurons fire' if once else 'islands compute'} once and are done",
            where=f"run({network.name}, state=...)",
            remedy="start a fresh run",
        )
    name, reason = _fastest(network, in_steps) if engine == "auto" else (engine, "asked for")
    islands = sum(1 for _ in network.all(Island))
    return name, f"{reason}; analogue islands: {islands}" if islands else reason


def _fastest(network: Network, in_steps: bool) -> tuple[str, str]:
    """The fastest engine that runs the network exactly, and why it is that one."""
    not_closed = "a state or a trajectory was asked for" if in_steps else closed.refuses(network)
    if not_closed is None:
        return "closed", "every code has an exact closed form" if network.spiking else "nothing fires"
    reasons = [not_closed]
    order = ["event", "layered"]
    if any(fire.code.slope for fire in network.all(Fire)):  # a third of all neurons fire in a step, not a hundredth
        order.reverse()
        reasons.append("neurons that fire below zero too are busy")
    for name in order:
        reason = _REFUSES[name](network)
        if reason is None:
            return name, "; ".join(reasons)
        reasons.append(reason)
    return "stepped", "; ".join(dict.fromkeys(reasons))


def _require_exact(network: Network, engine: str) -> None:
    reason = _REFUSES[engine](network) if engine in _REFUSES else None
    if reason:
        raise EngineError(reason, where=f"engine {engine}", remedy='use engine="auto"')


def _require_bits(network: Network, engine: str, x: Tensor) -> None:
    if engine in ("event", "layered", "stepped") and x.dtype in (torch.bfloat16, torch.float16):
        raise EngineError(
            f"{x.dtype} has too few bits for sums over many steps",
            where=f"engine {engine} of {network.name}",
            remedy="use float32, or a code with an exact closed form",
        )


def _check_state(network: Network, state: State | None, x: Tensor) -> None:
    if state is not None and state.output is not None and len(state.output) != len(x):
        raise InputError(
            f"a state of {len(state.output)} samples and a batch of {len(x)}",
            where=f"run({network.name}, state=...)",
            remedy="go on with the samples the state is of",
        )
