"""The rows: means over tasks of the restarts that held-out questions chose."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from picojoule.cost.machines import MEMORY_NETWORK, MEMORY_NETWORK_OPS
from picojoule.cost.price import price_actions
from picojoule.metrics import wilson
from picojoule.models.memory.counting import FP32, INT8, Load, Width, actions, arithmetic
from picojoule.recipes.q_mann.networks import SAME, Bench, Found, Outcome
from picojoule.recipes.q_mann.plan import BINARIES, CONTROLLED, DOT, LAST, SWEPT
from picojoule.result import Energy, Row

WIDTHS: dict[str, Width] = {
    "ann fp32": FP32,
    "ann int8": INT8,
    **{f"{each.name}{which}": each.width for each in (*SWEPT, CONTROLLED, *BINARIES) for which in ("", LAST)},
    SAME: DOT.width,
}
"""What a system is priced as. ``ann int4`` has no price of its own: no datapath of that width is in the profiles."""
_PRODUCTS = ("mac_fp32", "mac_int8")


def rows(benches: list[Bench], done: list[Found]) -> Iterator[Row]:
    """A row a system."""
    for name in done[0]:
        yield _row(name, benches, [found[name] for found in done])


def mean_error(done: list[Found], name: str) -> float:
    """Test error of a system, the mean over tasks."""
    return fmean(found[name].test for found in done)


def joules(benches: list[Bench], name: str) -> tuple[float, float]:
    """Arithmetic alone, and with memory, of a question on average."""
    parts = [actions(bench.form, bench.load, WIDTHS[name]) for bench in benches]
    alone = fmean(price_actions(arithmetic(each), MEMORY_NETWORK_OPS).joules for each in parts)
    return alone, fmean(price_actions(each, MEMORY_NETWORK).joules for each in parts)


def _row(name: str, benches: list[Bench], outcomes: list[Outcome]) -> Row:
    tests = [len(bench.asked.test) for bench in benches]
    accuracy = 1 - fmean(each.test for each in outcomes)
    of_all = [error for each in outcomes for error in each.restarts]
    formats = {each.iwl for each in outcomes if each.iwl is not None}
    metrics: dict[str, float | None] = {
        "accuracy": accuracy,
        "accuracy_of_all_restarts": 1 - fmean(of_all),
        "iwl": float(formats.pop()) if len(formats) == 1 else None,
    }
    timed = [each.seconds for each in outcomes if each.seconds is not None]
    return Row(
        system=name,
        metrics=metrics,
        interval={"accuracy": wilson(round(accuracy * sum(tests)), sum(tests))},
        counts=_counts(name, benches),
        energy=_energy(name, benches),
        seconds_per_sample=fmean(timed) if timed else None,
    )


def _counts(name: str, benches: list[Bench]) -> dict[str, float | None]:
    if name not in WIDTHS:
        return {"macs": None}
    load = Load.mean([bench.load for bench in benches])
    tally = actions(benches[0].form, load, WIDTHS[name])
    return {"macs": sum(tally.get(each, 0.0) for each in _PRODUCTS), "memories": load.memories}


def _energy(name: str, benches: list[Bench]) -> tuple[Energy, ...]:
    profiles = (MEMORY_NETWORK_OPS, MEMORY_NETWORK)
    if name not in WIDTHS:
        return tuple(Energy(profile=each.name, reason="no price for four bits") for each in profiles)
    priced = joules(benches, name)
    return tuple(Energy(profile=p.name, joules=j) for p, j in zip(profiles, priced, strict=True))
