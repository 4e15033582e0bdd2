"""The rows: the host with everything in memory, every algorithm at every width, and the host with less memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from picojoule.cost import Cost
from picojoule.cost.machines import SSD_45NM
from picojoule.cost.price import price_actions
from picojoule.metrics.accuracy import wilson
from picojoule.recipes.isp_ml.host import InHost
from picojoule.recipes.isp_ml.task import Cell, Task
from picojoule.result import Energy, Row

COMPONENTS: dict[str, tuple[str, ...]] = {
    "flash arrays": ("page_read", "page_program", "block_erase"),
    "links": ("channel_byte", "bus_byte", "host_byte"),
    "arithmetic": ("mac", "add"),
    "drive at work": ("drive_second",),
    "host processor": ("host_second",),
}
"""What energy is drawn by."""


def rows(task: Task, cells: Sequence[Cell], hosts: Sequence[InHost]) -> Iterator[Row]:
    """All rows; the first is the ordinary way: one host, fp32, no drive in the way."""
    *short_of_memory, everything = hosts
    yield _host_row(task, everything, "ann fp32")
    for cell in cells:
        yield _cell_row(task, cell)
    for each in short_of_memory:
        yield _host_row(task, each, each.name)


def _cell_row(task: Task, cell: Cell) -> Row:
    samples = cell.pages * task.page_samples
    seconds = cell.outcome.seconds / samples
    actions = {name: count / samples for name, count in cell.outcome.actions.items()} | {"drive_second": seconds}
    metrics = {
        "ms_to_target": _ms(cell.time_to(task.plan.target)),
        "pages_per_second": cell.pages / cell.outcome.seconds,
        "compute_utilisation": cell.outcome.utilisation("compute"),
        "learning_rate": cell.rate,
    }
    row = _row(task, cell.key.name, float(cell.accuracy[-1]), metrics, actions, seconds)
    return row if cell.key.tau == 1 else replace(row, layers=())  # the figure of components has room for one τ


def _host_row(task: Task, host: InHost, name: str) -> Row:
    samples = host.pages * task.page_samples
    read = host.outcome.actions if host.outcome else {}
    actions = {k: read[k] / samples for k in ("page_read", "channel_byte", "host_byte") if k in read}
    metrics = {
        "ms_to_target": _ms(host.time_to(task.plan.target)),
        "pages_per_second": host.pages / host.seconds,
        "compute_utilisation": None,
        "learning_rate": host.rate,
    }
    seconds = host.seconds / samples
    on = {"host_second": seconds} | ({"drive_second": seconds} if read else {})
    return _row(task, name, float(host.accuracy[-1]), metrics, actions | on, seconds)


def _row(
    task: Task,
    name: str,
    accuracy: float,
    metrics: Mapping[str, float | None],
    actions: Mapping[str, float],
    seconds: float,
) -> Row:
    cost = price_actions(actions, SSD_45NM)
    tested = len(task.test[1])
    return Row(
        system=name,
        metrics={"accuracy": accuracy, **metrics},
        interval={"accuracy": wilson(round(accuracy * tested), tested)},
        counts={"macs": float(task.job.macs), "page_reads": actions.get("page_read", 0.0)},
        energy=(Energy(profile=cost.profile, joules=cost.joules, evidence="simulated"),),
        simulated_seconds=seconds,
        layers=tuple(components(cost)),
    )


def components(cost: Cost) -> Iterator[dict[str, float | str]]:
    """Joules by component, those that draw any."""
    for name, members in COMPONENTS.items():
        joules = sum(cost.by_action.get(action, 0.0) for action in members)
        if joules:
            yield {"name": name, "joules": joules}


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds
