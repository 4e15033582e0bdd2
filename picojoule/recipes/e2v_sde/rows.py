"""Rows of the table, and curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import stdev

from torch import Tensor

from picojoule.cost import profiles
from picojoule.data.events.films import Films
from picojoule.measurement import counted
from picojoule.recipes.e2v_sde.costs import Costs
from picojoule.recipes.e2v_sde.judged import Judged, of
from picojoule.recipes.e2v_sde.plan import LEAKY, SDE
from picojoule.recipes.e2v_sde.scoring import Quality, by_window, quality
from picojoule.recipes.e2v_sde.systems import BASELINE, SKIPS, TIMES
from picojoule.result import Row, Series

PROFILES = (profiles.HOROWITZ_FP32, profiles.HOROWITZ_FP32_NO_REUSE)
_SHOWN = (BASELINE, LEAKY, f"{SDE.name} as ode", SDE.name)


def row(found: Judged, costs: Costs, more: Mapping[str, float]) -> Row:
    """A system: quality at the ends of windows and between, and the costs of one frame of a whole sensor."""
    seconds = costs.seconds(found.system)
    end, middle = found.end, found.middle
    metrics: dict[str, float | None] = {
        "ssim": end.ssim,
        "mse": end.mse,
        "pdist": end.pdist,
        "inconsistency": end.inconsistency,
        "ssim_between": middle.ssim,
        "mse_between": middle.mse,
        "frames_per_second": 1 / seconds,
        "ssim_deviation_of_seeds": stdev(each.ssim for each in found.ends) if len(found.ends) > 1 else None,
        **more,
    }
    return counted(
        found.system.name, costs.frame(found.system), PROFILES, hits=None, spiking=False, metrics=metrics,
        seconds=seconds,
    )  # fmt: skip


def curves(judgements: Sequence[Judged], films: Films, rows: Mapping[str, Row]) -> Iterator[Series]:
    """SSIM against time, within the window, and against joules where the encoder rests in calm windows."""
    due = films.frames
    windows = tuple(range(1, due.shape[1] + 1))
    for name in _SHOWN:
        found = of(judgements, name)
        ends = tuple(by_window(found.frames[:, :, -1], due[:, :, -1]))
        yield _line("SSIM against windows", name, windows, ends, "windows", "SSIM")
        parts = tuple(_part(found.frames, due, k).ssim for k in range(len(TIMES)))
        yield _line("SSIM within a window", name, TIMES, parts, "part of a window", "SSIM")
    resting = [rows[f"{SDE.name} as ode"], *(rows[f"{SDE.name} as ode, rests below {n} events"] for n in SKIPS)]
    joules = tuple(each.energy[0].joules for each in resting)
    for name, word in (("ssim", "SSIM"), ("pdist", "pdist")):
        values = tuple(each.metrics[name] for each in resting)
        yield _line(f"{word} against joules, the encoder resting", SDE.name, joules, values, "joules a frame", word)


def _part(found: Tensor, due: Tensor, k: int) -> Quality:
    return quality(found[:, :, k], due[:, :, k])


def _line(name: str, system: str, x: tuple, y: tuple, x_unit: str, y_unit: str) -> Series:
    return Series(name=name, system=system, x=x, y=y, x_unit=x_unit, y_unit=y_unit)
