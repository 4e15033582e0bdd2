"""A whole training on a cluster, step by step: phones that warm and slow down, stragglers, phones that fail.

A step ends when the slowest node's gradients have arrived everywhere (:mod:`picojoule.sim.cluster.step`). Node i takes
``c_i = c·s_i/f_i`` with the clock f_i of its governor and a slowness s_i of mean 1::

    ln s_i ← ρ·ln s_i + √(1−ρ²)·σ·ε_i        T_i ← T∞ + (T_i − T∞)·e^(−Δ/RC),   T∞ = Tₐ + R·P_i

P_i is the mean power of the step: the idle draw, and while computing ``(busy − idle)·f·V²`` more. A node fails after an
exponential time; then all go back to the last checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import final

import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError
from picojoule.sim.clock import SECOND, ps
from picojoule.sim.cluster.device import Body, Device
from picojoule.sim.cluster.kernel import DONE, FAILED, KEPT, TAKEN, Plan, State, advance
from picojoule.sim.cluster.networks import Network
from picojoule.sim.cluster.step import Step
from picojoule.sim.outcome import Outcome

_BLOCK = 1024
"""Steps whose random numbers are drawn at once."""
_STILL = Body(heat_j_per_k=1.0, k_per_w=1.0)


@final
@dataclass(frozen=True, kw_only=True)
class Stragglers:
    """How unlike the nodes are from step to step.

    Attributes:
        sigma: σ of the logarithm of a node's time.
        memory: ρ, how much of it stays until the next step.
    """

    sigma: float = 0.0
    memory: float = 0.0


@final
@dataclass(frozen=True, kw_only=True)
class Failures:
    """What happens when a node fails.

    Attributes:
        mean_s: mean time until one node fails; infinite: never.
        restart_s: until the others go on.
        checkpoint_steps: steps between checkpoints.
        checkpoint_s: of writing one.
        replaced: by a cool new one; if not, the others share its samples.
    """

    mean_s: float = inf
    restart_s: float = 60.0
    checkpoint_steps: int = 100
    checkpoint_s: float = 0.0
    replaced: bool = True


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Cluster:
    """Nodes, and what connects them.

    Attributes:
        device, network: of all.
        nodes: N.
        k_per_w: each node's own R to the air ``[N]``; the device's if None.
        stragglers, failures: how they misbehave.
    """

    device: Device
    network: Network
    nodes: int
    k_per_w: NDArray[np.float64] | None = None
    stragglers: Stragglers = field(default_factory=Stragglers)
    failures: Failures = field(default_factory=Failures)

    def __post_init__(self) -> None:
        if self.nodes < 1 or (self.k_per_w is not None and self.k_per_w.shape != (self.nodes,)):
            raise InputError(
                f"{self.nodes} nodes", where="cluster", remedy="give 1 or more, and one resistance for each or none"
            )


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Training:
    """What a training did.

    Attributes:
        outcome: how long it took and what was busy; its actions are steps, steps done again, checkpoints, failures.
        node_joules: of each node ``[N]``.
        network_joules: of switches or access points.
        times_s: when the nodes were looked at ``[samples]``.
        temperature_c, clock: of each node then ``[samples, N]``; NaN where it had failed for good.
        failed_s, failed: when which node failed ``[failures]``.
    """

    outcome: Outcome
    node_joules: NDArray[np.float64]
    network_joules: float
    times_s: NDArray[np.float64]
    temperature_c: NDArray[np.float64]
    clock: NDArray[np.float64]
    failed_s: NDArray[np.float64]
    failed: NDArray[np.int64]

    @property
    def joules(self) -> float:
        """Of nodes and network."""
        return float(self.node_joules.sum()) + self.network_joules


def train(cluster: Cluster, once: Step, *, steps: int, seed: int = 0, samples: int = 200) -> Training:
    """Let a cluster take so many steps.

    Args:
        cluster: who trains.
        once: a step of these nodes, all cool and alike.
        steps: to take; those lost by failures are taken again.
        seed: of slowness and failures.
        samples: about how often temperatures and clocks are looked at.

    Raises:
        InputError: no steps, or failures come faster than the work.
    """
    if steps < 1:
        raise InputError(f"{steps} steps", where="cluster", remedy="give 1 or more")
    plan, state = _plan(cluster, once, steps, samples), _state(cluster, samples)
    generator = np.random.default_rng(seed)
    first, _ = _draw_failures(cluster, generator, 1)
    state.next_failure[0] = first[0] / cluster.nodes
    most = _MOST_STEPS * steps
    while state.count[DONE] < steps:
        noise = generator.standard_normal((_BLOCK, cluster.nodes))
        advance(plan, state, noise, *_draw_failures(cluster, generator, _BLOCK))
        if state.count[TAKEN] > most:
            raise InputError(
                f"{state.count[FAILED]} failures while {state.count[DONE]} of {steps} steps were done",
                where="cluster",
                remedy="write checkpoints more often, or use more reliable nodes",
            )
    return _training(cluster, once, state)


_MOST_STEPS = 100
"""Steps taken for each that counts before we give up."""


def _plan(cluster: Cluster, once: Step, steps: int, samples: int) -> Plan:
    body, failures = cluster.device.body or _STILL, cluster.failures
    rough = once.total_ps * steps
    return Plan(
        ready_ps=once.ready_ps,
        reduce_ps=once.reduce_ps,
        compute_ps=once.compute_ps,
        update_ps=once.update_ps,
        steps=steps,
        every_ps=max(1, rough // samples),
        sigma=cluster.stragglers.sigma,
        memory=cluster.stragglers.memory,
        restart_ps=ps(failures.restart_s),
        checkpoint_steps=failures.checkpoint_steps,
        checkpoint_ps=ps(failures.checkpoint_s),
        replaced=failures.replaced,
        idle_w=cluster.device.idle_w,
        more_w=cluster.device.busy_w - cluster.device.idle_w,
        k_per_w=np.full(cluster.nodes, body.k_per_w) if cluster.k_per_w is None else cluster.k_per_w,
        heat_j_per_k=body.heat_j_per_k,
        ambient_c=body.ambient_c,
        trip_c=body.trip_c,
        hysteresis_k=body.hysteresis_k,
        levels=np.array(body.levels),
    )


def _state(cluster: Cluster, samples: int) -> State:
    nodes, body = cluster.nodes, cluster.device.body or _STILL
    room = 8 * samples
    return State(
        now=np.zeros(1, np.int64),
        next_failure=np.full(1, inf),
        count=np.zeros(5, np.int64),
        alive=np.ones(nodes, np.bool_),
        temperature=np.full(nodes, body.ambient_c),
        level=np.full(nodes, len(body.levels) - 1),
        slow=np.zeros(nodes),
        joules=np.zeros(nodes),
        busy=np.zeros(nodes, np.int64),
        wires=np.zeros(1, np.int64),
        times=np.zeros(room, np.int64),
        temperatures=np.zeros((room, nodes)),
        clocks=np.zeros((room, nodes)),
        failed_at=np.zeros(_ROOM_FOR_FAILURES, np.int64),
        failed=np.zeros(_ROOM_FOR_FAILURES, np.int64),
    )


_ROOM_FOR_FAILURES = 1 << 16


def _draw_failures(
    cluster: Cluster, generator: np.random.Generator, number: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times of one node alone in picoseconds, and numbers from 0 to 1 that choose who."""
    mean = cluster.failures.mean_s * SECOND
    return generator.exponential(size=number) * mean, generator.random(number)


def _training(cluster: Cluster, once: Step, state: State) -> Training:
    kept, failed = state.count[KEPT], state.count[FAILED]
    makespan = int(state.now[0])
    seconds = makespan / SECOND
    done, taken = int(state.count[DONE]), int(state.count[TAKEN])
    outcome = Outcome(
        tier="max-plus",
        makespan_ps=makespan,
        bytes=0,
        busy_ps={"compute": state.busy, "network": state.wires},
        actions={"step": done, "step_again": taken - done, "failure": int(failed)},
    )
    return Training(
        outcome=outcome,
        node_joules=state.joules,
        network_joules=cluster.network.watts_a_port * cluster.nodes * seconds,
        times_s=state.times[:kept] / SECOND,
        temperature_c=state.temperatures[:kept],
        clock=state.clocks[:kept],
        failed_s=state.failed_at[:failed] / SECOND,
        failed=state.failed[:failed],
    )
