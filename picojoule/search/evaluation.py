"""Scores of networks of a supernet, each with batch norms that were calibrated for its own path.

Networks with the same beginning do the same in it, so they are walked as a tree: a stage runs once for every
beginning, not once for every network. Statistics of batch norms depend on what comes before and on nothing behind, so
calibration walks with the samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from typing import final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.cost import Counts, LayerCounts, Profile, price, profiles
from picojoule.measurement.threads import on_threads
from picojoule.measurement.watching import Watched, watching
from picojoule.metrics import correct
from picojoule.search.choices import Genome
from picojoule.search.score import Score
from picojoule.search.supernet import Supernet


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """What networks are evaluated on; a call gives the score of each of some genomes, in their order.

    Calibration writes into the supernet's batch norms and leaves those of the last path there; weights stay. It runs on
    one thread, so a score is the same in whichever process, and among whichever others, it was found.

    Attributes:
        supernet: whose networks.
        x, y: samples and labels.
        calibration: inputs that batch norms take their statistics of; None leaves them as training did.
        batch: samples that run together.
        profile: for joules.
        shared: whether common beginnings run once; the scores are the same.
    """

    supernet: Supernet
    x: Tensor
    y: Tensor
    calibration: Tensor | None
    batch: int = 500
    profile: Profile = profiles.HOROWITZ_FP32
    shared: bool = True

    def __call__(self, genomes: Sequence[Genome]) -> list[Score]:
        lengths = {len(each) for each in genomes} - {len(self.supernet.positions)}
        if lengths:
            what = f"genomes of {sorted(lengths)} genes for {len(self.supernet.positions)} positions"
            raise InputError(what, where="Evaluation", remedy="name an option for every position")
        ordered = sorted(set(genomes))
        found: dict[Genome, _Sum] = {}
        with on_threads(1), torch.no_grad():
            for group in [ordered] if self.shared else [[each] for each in ordered]:
                for x, y in zip(self.x.split(self.batch), self.y.split(self.batch), strict=True):
                    start = self._into("front", self.supernet.front, _State(x, self.calibration))
                    for genome, seen in self._walk(group, y, start):
                        found[genome] = found[genome].plus(seen) if genome in found else seen
        return [found[genome].score(self.profile) for genome in genomes]

    def to(self, device: str) -> Evaluation:
        """The same on a device, the supernet with it."""
        calibration = None if self.calibration is None else self.calibration.to(device)
        placed = {"supernet": self.supernet.to(device), "x": self.x.to(device), "y": self.y.to(device)}
        return replace(self, **placed, calibration=calibration)

    def _walk(
        self, genomes: list[Genome], y: Tensor, state: _State, position: int = 0
    ) -> Iterator[tuple[Genome, _Sum]]:
        """Everything behind a common beginning."""
        if position == len(self.supernet.positions):
            end = self._into("head", self.supernet.head, state)
            yield genomes[0], _Sum(counts=end.counts(len(y)), hits=correct(end.x, y))
            return
        for gene, group in groupby(genomes, key=lambda genome: genome[position]):
            stage = self.supernet.positions[position][gene]  # type: ignore[index]
            yield from self._walk(list(group), y, self._into(f"stage{position}", stage, state), position + 1)

    def _into(self, name: str, stage: nn.Module, state: _State) -> _State:
        """Through a stage: calibrate its norms, then run the samples."""
        calibration = state.calibration
        if calibration is not None:
            with _recalibrating(stage):
                calibration = stage(calibration)
        stage.eval()
        with watching(stage) as watched:
            x = stage(state.x)
        return state.after(x, calibration, watched, f"{name}.")


@final
@dataclass(frozen=True)
class _State:
    """What has reached the end of a beginning, and what it took."""

    x: Tensor
    calibration: Tensor | None
    layers: tuple[LayerCounts, ...] = ()
    steps: int | None = None

    def after(self, x: Tensor, calibration: Tensor | None, watched: Watched, prefix: str) -> _State:
        return _State(x, calibration, (*self.layers, *watched.layers(prefix)), watched.steps or self.steps)

    def counts(self, samples: int) -> Counts:
        return Counts(samples=samples, steps=self.steps, layers=self.layers)


@final
@dataclass(frozen=True, kw_only=True)
class _Sum:
    """What a network did so far."""

    counts: Counts
    hits: int

    def plus(self, other: _Sum) -> _Sum:
        return _Sum(counts=self.counts.plus(other.counts), hits=self.hits + other.hits)

    def score(self, profile: Profile) -> Score:
        samples = self.counts.samples
        return Score(
            accuracy=self.hits / samples,
            spikes=self.counts.spikes_per_sample,
            synops=self.counts.per_sample("synops"),
            joules=price(self.counts, profile).joules,
        )


@contextmanager
def _recalibrating(stage: nn.Module) -> Iterator[None]:
    """Batch norms begin their statistics anew, and have all that run in here weigh alike."""
    norms = [each for each in stage.modules() if isinstance(each, nn.BatchNorm2d)]
    before = [each.momentum for each in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    stage.train()
    try:
        yield
    finally:
        stage.eval()
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum
