"""The curves: error against the bits before the point, and what each format loses where."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from picojoule.quant import Gauge
from picojoule.recipes.q_mann.networks import Bench, Sweep, by_format
from picojoule.recipes.q_mann.plan import DOT, HAMMING
from picojoule.result import Series

_TENSORS = ("addresses", "key", "similarity", "similarity products", "read products", "H·u")


def series(benches: list[Bench], swept: list[dict[str, Sweep]]) -> Iterator[Series]:
    """All curves, in the order of the report."""
    plan = benches[0].plan
    for bench, found in zip(benches, swept, strict=True):
        for name, sweep in found.items():
            errors = [outcome.test for outcome in sweep.kept.values()]
            yield _against_iwl(f"test error against IWL, task {bench.asked.task.number}", name, plan.iwls, errors)
    for name in swept[0]:
        errors = [fmean(found[name].kept[iwl].test for found in swept) for iwl in plan.iwls]
        yield _against_iwl("test error against IWL, mean over tasks", name, plan.iwls, errors)
    yield from _by_epoch(swept)
    gauges = [found[DOT.name].gauge for found in swept]
    for tensor in _TENSORS:
        saturated, lost = _losses(gauges, tensor, plan.restarts)
        yield _against_iwl("dot: share that saturates, by IWL", tensor, plan.iwls, saturated)
        yield _against_iwl("dot: error over size, by IWL", tensor, plan.iwls, lost)


def _losses(gauges: list[Gauge], tensor: str, restarts: int) -> tuple[list[float], list[float]]:
    """Share saturated and Σ|ε|/Σ|x| of each format, over tasks and restarts."""

    def mean(lanes: list[list[float]]) -> list[float]:
        return by_format([fmean(each) for each in zip(*lanes, strict=True)], restarts)

    saturated = mean([gauge.saturated(tensor) for gauge in gauges])
    error = mean([gauge.error(tensor) for gauge in gauges])
    size = mean([gauge.size(tensor) for gauge in gauges])
    return saturated, [e / s if s else 0.0 for e, s in zip(error, size, strict=True)]


def _by_epoch(swept: list[dict[str, Sweep]]) -> Iterator[Series]:
    """Saturation while training goes on, the mean over tasks."""
    for system in (DOT, HAMMING):
        for iwl in swept[0][system.name].kept:
            shares = [fmean(each) for each in zip(*(found[system.name].saturated[iwl] for found in swept), strict=True)]
            yield Series(
                name=f"{system.measure}: share of similarities that saturates, by epoch", system=f"IWL {iwl}",
                x=tuple(range(1, len(shares) + 1)), y=tuple(shares), x_unit="epochs", y_unit="share",
            )  # fmt: skip


def _against_iwl(name: str, system: str, iwls: tuple[int, ...], values: list[float]) -> Series:
    return Series(
        name=name,
        system=system,
        x=iwls,
        y=tuple(values),
        x_unit="bits before the point, of 8",
        y_unit="share" if "share" in name else "ratio" if "over" in name and "size" in name else "error",
    )
