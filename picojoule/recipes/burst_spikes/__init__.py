"""Burst coding and hybrid input-hidden coding (cite key ``park2019``).

Four codes of the input before three of the hidden neurons, on one network: how long each takes to decide as the ANN
does, and what it fires until then. The body of the paper could not be read; its abstract was, and the authors' public
code is the source of constants.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from torch import Tensor

from picojoule.base.environment import environment
from picojoule.base.progress import say
from picojoule.codes import Hybrid, Rate
from picojoule.conversion import convert, trace
from picojoule.data.batches import first
from picojoule.data.vision import Images
from picojoule.engines import run
from picojoule.ir import Network
from picojoule.measurement import Observation
from picojoule.recipes import series
from picojoule.recipes.burst_spikes.claims import Cell, claims
from picojoule.recipes.burst_spikes.grid import SIZES, Size, grid, sweeps
from picojoule.recipes.burst_spikes.latency import Curve, curve
from picojoule.recipes.burst_spikes.patterns import figures
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.comparison import DENSE, observe_all, rows
from picojoule.recipes.paper_networks import network_for
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION, anns
from picojoule.result import Result, Row, Series

_PICTURED = ("rate", "phase", "burst")
"""Hidden codes, behind a phase-coded input, whose spikes are looked at."""


def build(settings: Settings) -> Result:
    """Run the grid, the rivals and the settings of bursts; look at how neurons fire."""
    data, size = settings.dataset(), SIZES[settings.mode]
    calibration = data.train.take(CALIBRATION)
    model = trace(network_for(data, settings), first(calibration))
    samples = data.test.take(min(size.samples, settings.limit or size.samples))
    seen = observe_all([*map(settings.place, anns(model, calibration))], samples, settings)
    try_one = partial(_curve, model, calibration, samples, settings, seen[DENSE].decisions)
    found = {cell: try_one(code) for cell, code in grid(size.steps).items()}
    old = try_one(Hybrid(input=None, hidden=Rate(steps=size.old_steps, initial=0.0)), norm="layer")
    swept = {letter: {x: try_one(code, samples.take(size.swept)) for x, code in along.items()}
             for letter, along in sweeps(size).items()}  # fmt: skip
    stopped = {each.network.name: each.stopped() for each in (*found.values(), old)}
    seen |= observe_all([*stopped.values()], samples, settings)
    reference = stopped[old.network.name].name
    cells = {cell: Cell(each, seen[each.stopped().name]) for cell, each in found.items()}
    table = [_row(each, [*found.values(), old], seen) for each in rows(seen, reference=reference)]
    return Result(
        recipe="burst-spikes",
        title=f"Burst and hybrid coding on {data.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=tuple(table),
        series=tuple(_series(found, old, swept, samples, size, settings)),
        claims=unless_smoke(claims(cells, Cell(old, seen[reference]), table, samples, settings), settings),
        environment=environment(),
    )


def _curve(
    model: Network,
    calibration: Images,
    every: Images,
    settings: Settings,
    decisions: Tensor,
    code: Hybrid,
    samples: Images | None = None,
    norm: str = "channel",
) -> Curve:
    network = settings.place(convert(model, calibration, code=code, norm=norm))
    network = replace(network, name=f"{network.name} (layer norm)") if norm == "layer" else network
    say(f"looking at every step of {network.name}")
    samples = samples or every
    return curve(network, samples.images.to(settings.device), samples.labels, decisions[: len(samples)])


def _row(row: Row, curves: list[Curve], seen: dict[str, Observation]) -> Row:
    """With the latency and the density of a spiking system."""
    mine = next((each for each in curves if each.stopped().name == row.system), None)
    if mine is None:
        return row
    more = {"steps_to_ann_decision": mine.latency, "spiking_density": seen[row.system].counts.density}
    return replace(row, metrics={**row.metrics, **more})


def _series(
    found: dict[tuple[str, str], Curve],
    old: Curve,
    swept: dict[str, dict[float, Curve]],
    samples: Images,
    size: Size,
    settings: Settings,
) -> list[Series]:
    images = samples.images[: size.looked_at].to(settings.device)
    pictured: list[Network] = [found["phase", then].network for then in _PICTURED]
    lines = [each.series() for each in (*found.values(), old)]
    lines += [made for network in pictured for made in figures(network, images)]
    lines += [series.raster(each, images[:1], series.middle_layer(each), settings.seed) for each in pictured]
    for letter, along in swept.items():
        lines += _along(letter, along, samples.take(size.swept), settings)
    return lines


def _along(letter: str, along: dict[float, Curve], samples: Images, settings: Settings) -> list[Series]:
    """Steps until the ANN's decision, and spikes until then, along a setting of bursts."""
    x = tuple(along)
    spikes = [run(each.stopped(), samples.images.to(settings.device)).counts for each in along.values()]
    common = {"system": "phase-burst", "x": x, "x_unit": letter}
    return [
        Series(name=f"steps to the ANN's decision against {letter}", y=tuple(c.latency for c in along.values()),
               y_unit="steps", **common),
        Series(name=f"spikes to the ANN's decision against {letter}", y_unit="spikes", **common,
               y=tuple(each.spikes_per_sample if curve.latency else None
                       for each, curve in zip(spikes, along.values(), strict=True))),
    ]  # fmt: skip
