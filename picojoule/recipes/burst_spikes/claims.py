"""What the paper's abstract says, what is remembered of its numbers, and what is true of bursts by construction.

A number that was not read in the paper is called remembered, and where it is remembered from is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from picojoule.codes import Burst, Hybrid, Phase
from picojoule.data.vision import Images
from picojoule.engines import run
from picojoule.ir import Fire, Network
from picojoule.measurement import Observation
from picojoule.neurons import scan
from picojoule.recipes.burst_spikes.grid import INPUTS
from picojoule.recipes.burst_spikes.latency import AGREEMENT, Curve
from picojoule.recipes.claims import judged, structural
from picojoule.recipes.settings import Settings
from picojoule.result import Claim, Row

_ABSTRACT = "abstract, without a number"
_REMEMBERED = "remembered of the paper, not read; without a number"
_TABLE = "remembered of a table of a later paper (arXiv 2003.11741), not read"
_CIFAR10 = {"spikes": (61.949, 6.920), "steps": (10_000, 1_125)}
"""Rate and burst there, as remembered."""


class Cell(NamedTuple):
    """A system of the grid: its curve, and what it does when it stops as soon as it decides as the ANN."""

    curve: Curve
    seen: Observation

    @property
    def spikes(self) -> float:
        """A sample, hidden ones; infinite where it never decides as the ANN."""
        counts = self.seen.counts
        return counts.spikes_per_sample if self.curve.latency else float("inf")

    @property
    def steps(self) -> float:
        """Latency; infinite where it never decides as the ANN."""
        return self.curve.latency or float("inf")


def claims(
    cells: dict[tuple[str, str], Cell], old: Cell, rows: Sequence[Row], samples: Images, settings: Settings
) -> tuple[Claim, ...]:
    """All claims.

    Args:
        cells: the grid, by input code and hidden code.
        old: rate coding as the papers have it.
        rows: of the report.
        samples: what all ran on.
        settings: of the run.
    """
    best = min((cell for (_, then), cell in cells.items() if then == "burst"), key=lambda cell: cell.spikes)
    energy = {row.system: row.energy for row in rows}[best.seen.network.name]
    cheaper = next(each.relative for each in energy if each.profile == "truenorth-normalised")
    spikes, steps = ({first: _ratio(cells, first, what) for first in INPUTS} for what in ("spikes", "steps"))
    hybrid = cells["phase", "burst"].curve.network
    others = min(cell.spikes for name, cell in cells.items() if name != ("phase", "burst"))
    fastest = min(cell.steps for name, cell in cells.items() if name != ("real", "burst"))
    return (
        structural(
            "engines-agree",
            "spikes of phase-burst that differ between the event engine and the stepped oracle, in float64",
            target=0,
            measured=spikes_that_differ(hybrid, samples),
            unit="spikes",
        ),
        structural(
            "constant-drive",
            "neurons whose closed form under a constant drive is not what the stepped neuron sends",
            target=0,
            measured=closed_forms_that_differ(),
            unit="neurons",
        ),
        structural(
            "charge",
            "neurons that have not sent or kept exactly what they took in",
            target=0,
            measured=charges_that_differ(),
            unit="neurons",
        ),
        _below_one(
            "fewer-spikes",
            f"burst needs fewer spikes than rate and phase behind every input: the worst ratio of {_told(spikes)}",
            max(spikes.values()),
        ),
        _below_one(
            "faster",
            f"burst decides sooner than rate and phase behind every input: the worst ratio of {_told(steps)}",
            max(steps.values()),
        ),
        _below_one(
            "more-efficient",
            f"bursts are more efficient: normalised energy of {best.seen.network.name}, TrueNorth's shares, rate"
            f" {old.seen.network.name} being 1",
            cheaper if best.curve.latency else None,
            source=_ABSTRACT,
        ),
        _below_one(
            "phase-burst-efficient",
            "phase-burst needs the fewest spikes of all: its spikes over those of the next",
            _safe(cells["phase", "burst"].spikes, others),
        ),
        _below_one(
            "real-burst-fast",
            "real-burst decides first of all: its steps over those of the next",
            _safe(cells["real", "burst"].steps, fastest),
        ),
        *(_cifar(what, cells, old, samples, settings) for what in _CIFAR10),
    )


def _ratio(cells: dict[tuple[str, str], Cell], first: str, what: str) -> float:
    """Of burst behind an input to the better of rate and phase behind it."""
    return _safe(
        getattr(cells[first, "burst"], what), min(getattr(cells[first, then], what) for then in ("rate", "phase"))
    )


def _told(ratios: dict[str, float]) -> str:
    return ", ".join(f"{first} {ratio:.3g}" for first, ratio in ratios.items())


def _safe(mine: float, theirs: float) -> float:
    """A ratio; infinite where mine never came to the ANN's decision, 0 where only theirs did not."""
    return float("inf") if mine == float("inf") else mine / theirs


def _below_one(name: str, text: str, measured: float | None, *, source: str = _REMEMBERED) -> Claim:
    known = measured is not None and measured != float("inf")
    return judged(
        name,
        text,
        measured=measured if known else None,
        reached=known and measured < 1,
        source=source,
        unit="ratio",
        reason=None if known else f"it never decides as the ANN in {AGREEMENT:.1%} of the samples",
    )


def _cifar(what: str, cells: dict[tuple[str, str], Cell], old: Cell, samples: Images, settings: Settings) -> Claim:
    """Burst over rate on CIFAR-10 with VGG-16; reached within a factor of two."""
    rate, burst = _CIFAR10[what]
    tried = settings.mode == "full" and tuple(samples.images.shape[1:]) == (3, 32, 32) and samples.labels.max() < 10
    measured = _safe(getattr(cells["phase", "burst"], what), getattr(old, what)) if tried else None
    return judged(
        f"cifar10-{what}",
        f"{what} of phase-burst over those of rate on CIFAR-10 with VGG-16",
        measured=measured,
        reached=None if measured is None else measured <= 2 * burst / rate,
        source=_TABLE,
        paper=burst / rate,
        unit="ratio",
        reason=None if tried else "needs CIFAR-10: picojoule run burst-spikes --full --data cifar10.npz",
    )


def spikes_that_differ(network: Network, samples: Images, most: int = 4) -> int:
    """Spikes that only one of the event engine and the stepped oracle has."""
    network, layers = network.to("cpu", "float64"), [fire.layer for fire in network.all(Fire)]
    x = samples.images[:most].double()
    mine, theirs = (run(network, x, engine=each, record=layers, count=False).trains for each in ("event", "stepped"))
    return sum(int((mine[layer].spikes != theirs[layer].spikes).sum()) for layer in layers)


def closed_forms_that_differ() -> int:
    """Of drives that are multiples of 1/256, so that every sum is exact."""
    u = torch.arange(-256, 513, dtype=torch.float64) / 256
    differ = 0
    for threshold in (1.0, 0.125, 0.03125):
        code = Burst(steps=96, threshold=threshold)
        stepped = code.carried(scan(code.neuron(), u.expand(code.steps, -1))[0], u.dtype)
        differ += int((stepped != code.value(u)).sum())
    return differ


def charges_that_differ() -> int:
    """Of neurons under random drives that are multiples of 1/64."""
    generator = torch.Generator().manual_seed(0)
    drives = torch.randint(-16, 64, (96, 1000), generator=generator).double() / 64
    code = Hybrid(input=Phase(steps=96), hidden=Burst(steps=96)).hidden
    spikes, left = scan(code.neuron(), drives)
    return int(
        (code.carried(spikes, drives.dtype) * code.repeats + left != code.neuron().initial + drives.sum(0)).sum()
    )
