"""Two real processes on this machine: measured, and held against the model that is calibrated by two of their steps.

The model has two unknowns besides what was measured alone (all-reduces, rates of single layers): a factor κ between
layers alone and in a network, and an overhead o of each layer and pass. Two batch sizes of one network give both::

    t(b) = κ·b·Σ passes·(F/R + V/W) + o·Σ passes + t_ar

Steps are measured in processor time, which is what the clock would say if the machine had nothing else to do.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, median
from typing import Any, final

import torch

from picojoule.measurement.collectives import Reduction, fit
from picojoule.recipes.smartphone_cluster import worker
from picojoule.recipes.smartphone_cluster.layers import table
from picojoule.recipes.smartphone_cluster.plan import Plan
from picojoule.sim.clock import SECOND
from picojoule.sim.cluster import Device, Layer, Star, step
from picojoule.train.launch import launch

PROCESSES = 2


@final
@dataclass(frozen=True, kw_only=True)
class Timed:
    """A step of a network, measured and predicted.

    Attributes:
        network, batch: which, with how many images a process.
        measured_s: seconds of the processor, of the busier process; what the clock would say on a machine that does
            nothing else.
        clock_s: seconds by the clock.
        predicted_s: seconds of the model.
        calibrates: whether the model knows the measured time.
    """

    network: str
    batch: int
    measured_s: float
    clock_s: float
    predicted_s: float
    calibrates: bool

    @property
    def error(self) -> float:
        """|predicted − measured| / measured."""
        return abs(self.predicted_s / self.measured_s - 1)


@final
@dataclass(frozen=True, kw_only=True)
class Local:
    """What the processes showed.

    Attributes:
        reductions: the sweep.
        network: its α and B.
        device: a process, calibrated.
        rates: FLOP/s of dense layers alone, in each process.
        steps: every network and batch.
        difference: the largest relative one between a weight of the two processes and of one alone, in float64.
    """

    reductions: tuple[Reduction, ...]
    network: Star
    device: Device
    rates: tuple[float, ...]
    steps: tuple[Timed, ...]
    difference: float

    @property
    def median_error(self) -> float:
        """Of the steps that the model does not know."""
        return median(each.error for each in self.steps if not each.calibrates)


def run(plan: Plan) -> Local:
    """Start the processes, wait for them, calibrate, predict."""
    found = _measure(plan)
    reductions = tuple(Reduction(size=size, nodes=PROCESSES, seconds=t) for size, t in found["reductions"])
    network = fit(reductions, name="loopback")
    tables = {name: table(worker.NETWORKS[name](), torch.zeros(1, *worker.PICTURE)) for name in plan.networks}
    alone = _alone(found["rates"])
    first = plan.networks[0]
    known = {batch: found["busy"][f"{first} {batch}"] for batch in plan.calibrating}
    device = calibrated(alone, tables[first], network, known)
    return Local(
        reductions=reductions,
        network=network,
        device=device,
        rates=tuple(each[0] for each in found["rates"]),
        steps=tuple(_steps(plan, tables, device, network, found)),
        difference=_difference(found["weights"]),
    )


def _measure(plan: Plan) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        order, found = Path(folder) / "order.json", Path(folder) / "found.json"
        order.write_text(json.dumps(asdict(plan)))
        launch(worker.__name__, str(order), str(found), size=PROCESSES)
        return json.loads(found.read_text())


def _alone(rates: list[list[float]]) -> Device:
    """A process as its layers alone have it, the mean of all."""
    dense, grouped, moved = (fmean(each) for each in zip(*rates, strict=True))
    source = "layers alone, measured"
    return Device(name="process", source=source, flop_per_s=dense, grouped_flop_per_s=grouped, bytes_per_s=moved)


def calibrated(device: Device, layers: tuple[Layer, ...], network: Star, known: dict[int, float]) -> Device:
    """The device whose steps take the known times.

    Args:
        device: with the rates of layers alone.
        layers: of the network that calibrates.
        network: between the processes.
        known: two batches, and the seconds of a step with each.
    """
    (small, less), (large, more) = sorted(known.items())
    low, high = (step(layers, device, network, nodes=PROCESSES, batch=each, overlaps=False) for each in (small, large))
    factor = (more - less) * SECOND / (high.compute_ps - low.compute_ps)
    rest = less - (factor * low.compute_ps + int(low.reduce_ps.sum())) / SECOND
    if factor <= 0:  # noise: then nothing counts as overhead
        factor, rest = more * SECOND / high.compute_ps, 0.0
    assert device.grouped_flop_per_s is not None
    return replace(
        device,
        source="calibrated by two batch sizes of one network",
        flop_per_s=device.flop_per_s / factor,
        grouped_flop_per_s=device.grouped_flop_per_s / factor,
        bytes_per_s=device.bytes_per_s / factor,
        layer_s=max(0.0, rest / (3 * len(layers) - 1)),
    )


def _steps(
    plan: Plan, tables: dict[str, tuple[Layer, ...]], device: Device, network: Star, measured: dict[str, Any]
) -> list[Timed]:
    """Loopback is copied by the processors that compute, so nothing of it hides behind the backward pass."""
    found = []
    for name, layers in tables.items():
        for batch in plan.batches:
            once = step(layers, device, network, nodes=PROCESSES, batch=batch, overlaps=False)
            found.append(
                Timed(
                    network=name,
                    batch=batch,
                    measured_s=measured["busy"][f"{name} {batch}"],
                    clock_s=measured["seconds"][f"{name} {batch}"],
                    predicted_s=once.seconds,
                    calibrates=name == plan.networks[0] and batch in plan.calibrating,
                )
            )
    return found


def _difference(weights: list[float]) -> float:
    """From the same training in this process alone."""
    found, expected = (torch.tensor(each, dtype=torch.float64) for each in (weights, worker.train_exactly()))
    return float(((found - expected).abs() / expected.abs().clamp_min(1e-3)).max())
