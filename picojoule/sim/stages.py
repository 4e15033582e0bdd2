"""Clients that go round through stages, each on a first-come-first-served resource: the general event simulation.

A client is a worker, a phone, a pipeline's item; a stage is reading, computing, sending. A shared resource is taken in
the order of arrival, ties by the order in which the arrivals were scheduled. A barrier waits for all clients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, final

import numba
import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError
from picojoule.sim.heap import empty, pop, push
from picojoule.sim.outcome import Outcome


@final
@dataclass(frozen=True, kw_only=True)
class Stage:
    """One leg of a client's round.

    Attributes:
        name: of the leg, and of its events.
        resource: what it occupies; clients have one each, unless it is shared.
        duration_ps: how long; one number, or one for each client.
        shared: there is one for all clients.
        every: taken in each round whose number + 1 is divisible by it.
        waits: the client goes on when the stage is over; if not, at once.
        barrier: nobody goes on before all have come; then the stage takes its duration once for all.
        varies: its duration is multiplied by the slowness of client and round.
        actions: what one such stage does, for the outcome's counts.
    """

    name: str
    resource: str
    duration_ps: int | tuple[int, ...]
    shared: bool = False
    every: int = 1
    waits: bool = True
    barrier: bool = False
    varies: bool = False
    actions: Mapping[str, int] = field(default_factory=dict)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Events:
    """The ordered table of what happened; a row is the end of one stage. All arrays ``[events]``.

    Attributes:
        stages: names; `stage` points into them.
        client, stage, round: who ended what, in which round, from 0.
        start_ps, end_ps: when it began to occupy its resource, and when it was over.
    """

    stages: tuple[str, ...]
    client: NDArray[np.int32]
    stage: NDArray[np.int16]
    round: NDArray[np.int32]
    start_ps: NDArray[np.int64]
    end_ps: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.client)

    def of(self, name: str) -> NDArray[np.bool_]:
        """Which rows are the stage of that name ``[events]``."""
        return self.stage == self.stages.index(name)

    def busy(self, name: str, edges_ps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Time a stage is going on within each bin, over the length of the bin: how many are at it on average.

        Args:
            name: the stage.
            edges_ps: rising edges of the bins ``[bins + 1]``.
        """
        chosen = self.of(name)
        start, end = np.sort(self.start_ps[chosen]), np.sort(self.end_ps[chosen])
        return np.diff(_elapsed(start, edges_ps) - _elapsed(end, edges_ps)) / np.diff(edges_ps)


def _elapsed(times: NDArray[np.int64], edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """Σ_i max(0, edge − t_i) for each edge; `times` rise."""
    before = np.searchsorted(times, edges)
    total = np.concatenate(([0.0], np.cumsum(times, dtype=np.float64)))
    return edges * before.astype(np.float64) - total[before]


def run(
    stages: Sequence[Stage],
    *,
    clients: int,
    rounds: int,
    ahead: str | None = None,
    slowness: NDArray[np.float64] | None = None,
    bytes_per_round: int = 0,
) -> tuple[Events, Outcome]:
    """Let every client go `rounds` times through the stages.

    Args:
        stages: the legs of a round, in order.
        clients, rounds: how many.
        ahead: the stages up to this one are done ahead: while a client is busy with what follows them in a round, it
            already goes through those of the next; their events stand where the client takes up what they brought.
            None: not before the whole round is over.
        slowness: factors ``[clients, rounds]`` of the stages that vary; none if None.
        bytes_per_round: payload of one client's round, for the bandwidth.

    Raises:
        InputError: no clients, no rounds or no stages, or an unknown name in `ahead`.
    """
    names = [stage.name for stage in stages]
    if clients < 1 or rounds < 1 or not stages or ahead not in (None, *names):
        what = f"{clients} clients, {rounds} rounds, {len(stages)} stages, ahead of {ahead}"
        raise InputError(what, where="simulation of stages", remedy=f"give 1 or more of each; ahead: one of {names}")
    servers = {stage.resource: 1 if stage.shared else clients for stage in stages}
    plan = _plan(stages, servers, clients, rounds, -1 if ahead is None else names.index(ahead), slowness)
    rows = sum(rounds // stage.every for stage in stages) * clients
    columns = tuple(np.empty(rows, kind) for kind in (np.int32, np.int16, np.int32, np.int64, np.int64))
    busy = _run(plan, sum(servers.values()), columns, empty(rows + clients))
    client, stage, turn, start_ps, end_ps = columns
    events = Events(stages=tuple(names), client=client, stage=stage, round=turn, start_ps=start_ps, end_ps=end_ps)
    return events, _outcome(events, stages, servers, busy, clients * rounds * bytes_per_round)


class _Plan(NamedTuple):
    """The stages as arrays: by stage, `duration` and `place` (the server) also by client."""

    duration: NDArray[np.int64]
    place: NDArray[np.int64]
    waits: NDArray[np.bool_]
    barrier: NDArray[np.bool_]
    varies: NDArray[np.bool_]
    every: NDArray[np.int64]
    slowness: NDArray[np.float64]
    ahead: int
    rounds: int


def _plan(
    stages: Sequence[Stage],
    servers: Mapping[str, int],
    clients: int,
    rounds: int,
    ahead: int,
    slowness: NDArray[np.float64] | None,
) -> _Plan:
    first = dict(zip(servers, np.cumsum([0, *servers.values()]), strict=False))
    own = np.arange(clients)
    return _Plan(
        duration=np.array([np.broadcast_to(stage.duration_ps, clients) for stage in stages], np.int64),
        place=np.array([first[stage.resource] + own * (not stage.shared) for stage in stages], np.int64),
        waits=np.array([stage.waits for stage in stages]),
        barrier=np.array([stage.barrier for stage in stages]),
        varies=np.array([stage.varies for stage in stages]),
        every=np.array([stage.every for stage in stages], np.int64),
        slowness=np.ones((clients, rounds)) if slowness is None else np.asarray(slowness, np.float64),
        ahead=ahead,
        rounds=rounds,
    )


def _outcome(
    events: Events, stages: Sequence[Stage], servers: Mapping[str, int], busy: NDArray[np.int64], size: int
) -> Outcome:
    actions: dict[str, int] = {}
    clients = int(events.client.max()) + 1
    for number, stage in enumerate(stages):
        times = int((events.stage == number).sum()) // (clients if stage.barrier else 1)
        for action, each in stage.actions.items():
            actions[action] = actions.get(action, 0) + times * each
    parts = np.split(busy, np.cumsum([*servers.values()])[:-1])
    return Outcome(
        tier="events",
        makespan_ps=int(events.end_ps.max()),
        bytes=size,
        busy_ps=dict(zip(servers, parts, strict=True)),
        actions=actions,
    )


class _State(NamedTuple):
    """When each server is free and how long it was busy, how many came to each barrier, and since when each client's
    next first stage may begin."""

    free: NDArray[np.int64]
    busy: NDArray[np.int64]
    came: NDArray[np.int64]
    since: NDArray[np.int64]


@numba.njit(cache=True)
def _run(plan, servers, columns, heap):  # type: ignore[no-untyped-def]
    """Fill the columns in the order of the ends; the busy time of each server."""
    (stages, clients), found = plan.duration.shape, 0
    state = _State(
        np.zeros(servers, np.int64),
        np.zeros(servers, np.int64),
        np.zeros(stages, np.int64),
        np.zeros(clients, np.int64),
    )
    for client in range(clients):
        _enter(heap, plan, state, 0, client, -1, 0)
    while heap.size[0]:
        time, code = pop(heap)
        goes_on, client = code % 2, code // 2 % clients
        stage, turn = code // 2 // clients % stages, code // 2 // clients // stages
        columns[0][found], columns[1][found], columns[2][found] = client, stage, turn
        columns[3][found], columns[4][found] = time - _length(plan, stage, client, turn), time
        found += 1
        if stage == plan.ahead:
            state.since[client] = time
        if goes_on:
            _enter(heap, plan, state, time, client, stage, turn)
    return state.busy


@numba.njit(cache=True, nogil=True)
def _enter(heap, plan, state, time, client, stage, turn):  # type: ignore[no-untyped-def]
    """A client that has finished a stage (−1: none yet) enters the next one, and those it does not wait for."""
    stages, clients = plan.duration.shape
    while True:
        stage, turn = _next(plan, stage, turn)
        if turn >= plan.rounds:
            return
        code = ((turn * stages + stage) * clients + client) * 2
        length = _length(plan, stage, client, turn)
        if plan.barrier[stage]:
            state.came[stage] += 1
            if state.came[stage] == clients:
                state.came[stage] = 0
                state.busy[plan.place[stage, 0]] += length
                for each in range(clients):
                    push(heap, time + length, code + 2 * (each - client) + 1)
            return heap
        server = plan.place[stage, client]
        ahead = stage <= plan.ahead and turn > 0
        end = max(state.since[client] if ahead else time, state.free[server]) + length
        if ahead:
            state.since[client] = end
        state.free[server] = end
        state.busy[server] += length
        push(heap, max(end, time), code + plan.waits[stage])
        if plan.waits[stage]:
            return


@numba.njit(cache=True, nogil=True)
def _next(plan, stage, turn):  # type: ignore[no-untyped-def]
    """The stage after this one, and its round."""
    while True:
        stage += 1
        if stage == len(plan.every):
            stage, turn = 0, turn + 1
        if (turn + 1) % plan.every[stage] == 0 or turn >= plan.rounds:
            return stage, turn


@numba.njit(cache=True, nogil=True)
def _length(plan, stage, client, turn):  # type: ignore[no-untyped-def]
    length = plan.duration[stage, client]
    return np.int64(length * plan.slowness[client, turn]) if plan.varies[stage] else length
