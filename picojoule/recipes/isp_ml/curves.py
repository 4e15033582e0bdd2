"""The curves: accuracy against simulated time, time against channels and τ, and what was busy when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from picojoule.recipes.isp_ml.host import InHost
from picojoule.recipes.isp_ml.plan import COMPARED, RULES, Key
from picojoule.recipes.isp_ml.task import Cell, Task
from picojoule.result import Series

_BINS, _ROUNDS = 100, 6
_BUSY: dict[str, tuple[str, ...]] = {
    "flash": ("read",),
    "channel": ("transfer",),
    "compute": ("compute", "part"),
    "link": ("push", "pull"),
    "master": ("merge",),
}
"""The stages that occupy each resource; the barrier, which all share, is left out."""


def series(task: Task, cells: Sequence[Cell], hosts: Sequence[InHost]) -> Iterator[Series]:
    """All curves, in the order of the report."""
    by_key = {cell.key: cell for cell in cells}
    for channels in task.plan.channels:
        for rule in RULES:
            cell = by_key[Key(rule=rule, channels=channels, tau=1)]
            yield _accuracy(f"accuracy against simulated time, {channels} channels, τ = 1", rule, cell)
    widest = task.plan.channels[-1]
    for rule in COMPARED:
        for tau in task.plan.taus:
            cell = by_key[Key(rule=rule, channels=widest, tau=tau)]
            yield _accuracy(f"{rule}: accuracy against time by τ, {widest} channels", f"{rule} τ={tau}", cell)
    yield from _times(task, by_key)
    yield from _host(task, by_key, hosts)
    for rule in COMPARED:
        yield from _utilisation(by_key[Key(rule=rule, channels=widest, tau=1)])


def _accuracy(name: str, system: str, cell: Cell | InHost) -> Series:
    return Series(
        name=name,
        system=system,
        x=tuple(1000 * cell.times_s),
        y=tuple(cell.accuracy),
        x_unit="ms, simulated",
        y_unit="accuracy",
    )


def _times(task: Task, by_key: dict[Key, Cell]) -> Iterator[Series]:
    """Time to the target against channels at τ = 1, and against τ at the most channels."""
    target, widest = task.plan.target, task.plan.channels[-1]
    for axis, values in (("channels", task.plan.channels), ("τ", task.plan.taus)):
        for rule in COMPARED:
            shapes = [(v, 1) if axis == "channels" else (widest, v) for v in values]
            found = [by_key[Key(rule=rule, channels=n, tau=tau)].time_to(target) for n, tau in shapes]
            yield Series(
                name=f"time to {100 * target:g} % accuracy against {axis}",
                system=rule,
                x=values,
                y=tuple(None if time is None else 1000 * time for time in found),
                x_unit=axis,
                y_unit="ms, simulated",
            )


def _host(task: Task, by_key: dict[Key, Cell], hosts: Sequence[InHost]) -> Iterator[Series]:
    name = "accuracy against simulated time, in drive and host"
    widest = task.plan.channels[-1]
    yield _accuracy(name, f"easgd n={widest} τ=1", by_key[Key(rule="easgd", channels=widest, tau=1)])
    for host in hosts[:-1]:
        yield _accuracy(name, host.name, host)


def _utilisation(cell: Cell) -> Iterator[Series]:
    """Which fraction of each kind is busy, over the first rounds: the beginning, where the workers come apart."""
    rounds = cell.pages // cell.key.channels
    edges = np.linspace(0, min(1, _ROUNDS / rounds) * cell.outcome.makespan_ps, _BINS + 1).astype(np.int64)
    for resource, stages in _BUSY.items():
        servers = len(cell.outcome.busy_ps[resource])
        busy = sum(cell.events.busy(stage, edges) for stage in stages if stage in cell.events.stages)
        yield Series(
            name=f"{cell.key.rule}: utilisation over the first rounds, {cell.key.channels} channels",
            system=resource,
            x=tuple(edges[:-1] / 1e9),
            y=tuple(busy / servers),
            x_unit="ms, simulated",
            y_unit="busy fraction",
        )
