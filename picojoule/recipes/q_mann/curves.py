"""The curves: error against the bits before the point, and what each format loses where."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from picojoule.quant import Gauge
from picojoule.recipes.q_mann.networks import Bench, Sweeps
from picojoule.recipes.q_mann.plan import DOT
from picojoule.result import Series

_TENSORS = ("addresses", "key", "similarity", "similarity products", "read products", "H·u")


def series(benches: list[Bench], swept: list[Sweeps]) -> Iterator[Series]:
    """All curves, in the order of the report."""
    plan = benches[0].plan
    for bench, found in zip(benches, swept, strict=True):
        for name, by_iwl in found.items():
            errors = [outcome.test for outcome, _ in by_iwl.values()]
            yield _against_iwl(f"test error against IWL, task {bench.asked.task.number}", name, plan.iwls, errors)
    for name in swept[0]:
        errors = [fmean(found[name][iwl][0].test for found in swept) for iwl in plan.iwls]
        yield _against_iwl("test error against IWL, mean over tasks", name, plan.iwls, errors)
    gauges = [found[DOT.name][plan.iwls[0]][1] for found in swept]
    for tensor in _TENSORS:
        saturated, lost = _losses(gauges, tensor, plan.swept)
        yield _against_iwl("dot: share that saturates, by IWL", tensor, plan.iwls, saturated)
        yield _against_iwl("dot: error over size, by IWL", tensor, plan.iwls, lost)


def _losses(gauges: list[Gauge], tensor: str, restarts: int) -> tuple[list[float], list[float]]:
    """Share saturated and Σ|ε|/Σ|x| of each format, over tasks and restarts."""
    saturated = _by_format([gauge.saturated(tensor) for gauge in gauges], restarts)
    error = _by_format([gauge.error(tensor) for gauge in gauges], restarts)
    size = _by_format([gauge.size(tensor) for gauge in gauges], restarts)
    return saturated, [e / s if s else 0.0 for e, s in zip(error, size, strict=True)]


def _by_format(lanes: list[list[float]], restarts: int) -> list[float]:
    means = [fmean(each) for each in zip(*lanes, strict=True)]
    return [fmean(means[i : i + restarts]) for i in range(0, len(means), restarts)]


def _against_iwl(name: str, system: str, iwls: tuple[int, ...], values: list[float]) -> Series:
    return Series(
        name=name,
        system=system,
        x=iwls,
        y=tuple(values),
        x_unit="bits before the point, of 8",
        y_unit="share" if "share" in name else "ratio" if "over" in name and "size" in name else "error",
    )
