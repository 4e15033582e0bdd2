"""Rows and curves: this machine, the circuit at every clock with thresholding and without, what was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from picojoule.metrics import wilson
from picojoule.recipes.mann_accelerator.circuit import Run
from picojoule.recipes.mann_accelerator.plan import CLOCKS_MHZ, RHOS, Plan
from picojoule.result import Energy, Row, Series
from picojoule.sim.accelerator import PUBLISHED, Board, fit_cycles
from picojoule.sim.accelerator.board import PLAIN, THRESHOLDED

CPU_W = PUBLISHED[0].power_w or 0.0
"""A desktop processor in single-question work, from the published table (from memory)."""
CPU_PROFILE = "cpu-23w"
BOARD_PROFILE = "vcu108-fit"
Looks = tuple[NDArray[np.int64], NDArray[np.int64]]


def full(run: Run) -> Looks:
    """Every row is looked at."""
    decisions = run.tested.decisions
    return decisions, np.full(len(decisions), run.rows)


def restricted(run: Run) -> Looks:
    """Only rows that are answers in training: the honest baseline of thresholding."""
    classes = np.unique(run.labels)
    return classes[run.tested.logits[:, classes].argmax(1)], np.full(len(run.test_labels), len(classes))


def thresholded(run: Run, rho: float = 1.0, *, ordered: bool = True) -> Looks:
    """Inference thresholding."""
    return run.threshold(rho, ordered=ordered).predict(run.logits)


WAYS = {"": full, " answers only": restricted, " ITH": thresholded}
"""What follows the name of the accelerator, and how it looks for the answer."""


def link_s(runs: list[Run]) -> float:
    """Link time of a question: t_io of the published runs, which took N cycles, over N/(cycles of a question here)."""
    t_io, cycles = fit_cycles(*PLAIN)
    return t_io / (cycles / fmean(float(run.cycles(full(run)[1]).total.mean()) for run in runs))


def rows(plan: Plan, runs: list[Run]) -> Iterator[Row]:
    """All rows; the first is this machine, a question at a time, as the published CPU and GPU rows are."""
    decisions = [run.in_floating_point() for run in runs]
    for name, at_once in (("ann fp32", 1), ("ann fp32, 100 at once", 100)):
        seconds = fmean(run.seconds(plan.timed, at_once) for run in runs)
        yield _row(name, runs, decisions, (Energy(profile=CPU_PROFILE, joules=CPU_W * seconds),), seconds=seconds)
    link = link_s(runs)
    for way, looks in WAYS.items():
        seen = [looks(run) for run in runs]
        cycles = [run.cycles(visited) for run, (_, visited) in zip(runs, seen, strict=True)]
        mean = fmean(float(each.total.mean()) for each in cycles)
        modules = {name: fmean(each.by_module[name] for each in cycles) for name in cycles[0].by_module}
        for mhz in CLOCKS_MHZ:
            board = Board(mhz=mhz, link_s=link)
            parts = {"host link": board.power_w * link}
            parts |= {name: board.power_w * each / (mhz * 1e6) for name, each in modules.items()}
            yield _row(
                f"accelerator{way} {mhz} MHz",
                runs,
                [each for each, _ in seen],
                (Energy(profile=BOARD_PROFILE, joules=board.joules(mean), evidence="simulated"),),
                metrics={
                    "rows_looked_at": fmean(float(visited.mean()) for _, visited in seen),
                    "cycles": mean,
                    "energy_delay": board.joules(mean) * board.seconds(mean),
                },
                simulated=board.seconds(mean),
                layers=tuple({"name": each, "joules": j} for each, j in parts.items()) if mhz == CLOCKS_MHZ[-1] else (),
            )


def _row(
    name: str,
    runs: list[Run],
    decisions: list[NDArray[np.int64]],
    energy: tuple[Energy, ...],
    *,
    metrics: dict[str, float] | None = None,
    seconds: float | None = None,
    simulated: float | None = None,
    layers: tuple[dict[str, object], ...] = (),
) -> Row:
    right = [(each == run.test_labels).mean() for run, each in zip(runs, decisions, strict=True)]
    total = sum(len(run.test_labels) for run in runs)
    accuracy = fmean(map(float, right))
    return Row(
        system=name,
        metrics={"accuracy": accuracy, **(metrics or {})},
        interval={"accuracy": wilson(round(accuracy * total), total)},
        energy=energy,
        seconds_per_sample=seconds,
        simulated_seconds=simulated,
        layers=layers,
    )


def series(runs: list[Run]) -> Iterator[Series]:
    """All curves."""
    for run in runs:
        task = run.asked.task.number
        for name, ordered in (("silhouette order", True), ("natural order", False)):
            _, visited = thresholded(run, ordered=ordered)
            looked = np.sort(visited)
            yield _curve(
                f"share of questions answered by then, task {task}", name, looked[:: max(1, len(looked) // 100)],
                np.linspace(0, 1, len(looked[:: max(1, len(looked) // 100)])), "rows looked at", "share",
            )  # fmt: skip
        found = [thresholded(run, rho) for rho in RHOS]
        yield _curve("rows looked at against ρ", f"task {task}", RHOS, [float(v.mean()) for _, v in found], "ρ", "rows")
        right = [float((a == run.test_labels).mean()) for a, _ in found]
        yield _curve("accuracy against ρ", f"task {task}", RHOS, right, "ρ", "accuracy")
    for way, looks in WAYS.items():
        yield _times(f"accelerator{way}", runs, looks)
    for name, pair in (("published, fitted", PLAIN), ("published ITH, fitted", THRESHOLDED)):
        t_io, cycles = fit_cycles(*pair)
        y = [t_io + cycles / (mhz * 1e6) for mhz in CLOCKS_MHZ]
        yield _curve("published time of a run against clock", name, CLOCKS_MHZ, y, "MHz", "s")


def _times(name: str, runs: list[Run], looks) -> Series:  # type: ignore[no-untyped-def]
    mean = fmean(float(run.cycles(looks(run)[1]).total.mean()) for run in runs)
    link = link_s(runs)
    y = [1e6 * Board(mhz=mhz, link_s=link).seconds(mean) for mhz in CLOCKS_MHZ]
    return _curve("time of a question against clock", name, CLOCKS_MHZ, y, "MHz", "µs, simulated")


def _curve(name: str, system: str, x, y, x_unit: str, y_unit: str) -> Series:  # type: ignore[no-untyped-def]
    return Series(name=name, system=system, x=tuple(x), y=tuple(y), x_unit=x_unit, y_unit=y_unit)
