"""The search: every network of the space scored with the supernet's weights, and searchers held against the best."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from statistics import fmean, median
from typing import final

import torch

from picojoule.base.files import sha256
from picojoule.base.progress import say, track
from picojoule.recipes.autosnn.conditions import SWEEP, Size
from picojoule.recipes.autosnn.material import Samples
from picojoule.recipes.settings import Settings
from picojoule.search import (
    SEARCHERS,
    Choices,
    Cluster,
    Evaluation,
    Fitness,
    Genome,
    Here,
    Processes,
    Score,
    Supernet,
    Trail,
    evaluate,
    front,
)
from picojoule.search.front import regret
from picojoule.search.journal import Journal
from picojoule.search.score import Cost
from picojoule.search.workers import Workers


@final
@dataclass(frozen=True, kw_only=True)
class Searched:
    """What is known of every network, and what searchers found.

    Attributes:
        choices: the space.
        table: the score of every network.
        alone: networks that were also evaluated path by path, and their scores.
        seconds: for the table with common beginnings walked once; None where not all of it was computed here and now.
        seconds_alone: for as many networks path by path, from those that were.
        trails: searches by searcher, a seed each.
    """

    choices: Choices
    table: Mapping[Genome, Score]
    alone: Mapping[Genome, Score]
    seconds: float | None
    seconds_alone: float
    trails: Mapping[str, tuple[Trail, ...]]

    def fitness(self, weight: float, by: Cost = "spikes") -> Fitness:
        """F with N̄ of all networks: every path is drawn with equal chance."""
        return Fitness(average=fmean(each.cost(by) for each in self.table.values()), weight=weight, by=by)

    def best(self, weight: float, by: Cost = "spikes") -> Genome:
        """The exact winner."""
        fitness = self.fitness(weight, by)
        return max(self.table, key=lambda genome: fitness(self.table[genome]))

    @property
    def front(self) -> list[Genome]:
        """The exact front of accuracy and spikes."""
        return front(self.table)

    @property
    def winners(self) -> list[Genome]:
        """The exact winner for every λ of the sweep."""
        return [self.best(weight) for weight in SWEEP]

    @property
    def differing(self) -> int:
        """Networks whose score depends on whether others were evaluated with them."""
        return sum(self.table[genome] != score for genome, score in self.alone.items())

    def regrets(self, weight: float) -> dict[str, list[float]]:
        """How far each search stayed below the exact winner, by searcher."""
        fitness = self.fitness(weight)
        return {name: [regret(trail, self.table, fitness) for trail in trails] for name, trails in self.trails.items()}

    def regret_against_evaluations(self, weight: float) -> dict[str, list[float]]:
        """The median over seeds after each evaluation, by searcher."""
        top = max(map(self.fitness(weight), self.table.values()))
        return {
            name: [
                median(top - max(trail.values[: done + 1]) for trail in trails) for done in range(len(trails[0].values))
            ]
            for name, trails in self.trails.items()
        }


def workers_of(settings: Settings) -> Workers:
    """Who evaluates: a cluster, processes, or this process."""
    if settings.scheduler is not None:
        return Cluster(settings.scheduler)
    return Processes(settings.workers) if settings.workers > 1 else Here()


def search(
    net: Supernet, trained_on: Samples, held: Samples, size: Size, weight: float, settings: Settings
) -> Searched:
    """Score every network on samples the supernet has not seen, and let every searcher look.

    Args:
        net: the trained supernet.
        trained_on, held: the samples it was trained on, and others.
        size: how much.
        weight: λ of the searches.
        settings: of the run.
    """
    x, y = held.pick(torch.arange(len(held)))
    calibration, _ = trained_on.pick(torch.arange(min(size.calibration, len(trained_on))))
    evaluation = Evaluation(supernet=net.eval().cpu(), x=x, y=y, calibration=calibration)
    if settings.device != "cpu" and settings.scheduler is None:
        evaluation = evaluation.to(settings.device)
    genomes, workers, journal = list(net.choices), workers_of(settings), _journal(evaluation, settings)
    say(f"scoring {len(genomes)} networks")
    fresh = isinstance(workers, Here) and not (journal and journal.scores)
    began = time.perf_counter()
    table = evaluate(evaluation, genomes, workers, journal)
    seconds = time.perf_counter() - began
    some = Random(settings.seed).sample(genomes, min(size.alone, len(genomes)))
    began = time.perf_counter()
    alone = dict(zip(some, replace(evaluation, shared=False)(some), strict=True))
    per_network = (time.perf_counter() - began) / len(some)
    searched = Searched(
        choices=net.choices,
        table=table,
        alone=alone,
        seconds=seconds if fresh else None,
        seconds_alone=per_network * len(genomes),
        trails={},
    )
    return replace(searched, trails=searches(searched, size, weight))


def searches(searched: Searched, size: Size, weight: float) -> dict[str, tuple[Trail, ...]]:
    """Every searcher from every seed, on the table."""
    fitness, table = searched.fitness(weight), searched.table
    values = {genome: fitness(score) for genome, score in table.items()}
    seeds = {name: size.seeds_tpe if name == "tpe" else size.seeds for name in SEARCHERS}
    return {
        name: tuple(
            find(searched.choices, lambda genomes: [values[each] for each in genomes], budget=size.budget, seed=seed)
            for seed in track(range(seeds[name]), f"searching by {name}")
        )
        for name, find in SEARCHERS.items()
    }


def _journal(evaluation: Evaluation, settings: Settings) -> Journal | None:
    folder = settings.kept()
    if folder is None:
        return None
    state = evaluation.supernet.state_dict()
    learnt = [value for key, value in state.items() if "running" not in key and "num_batches" not in key]
    parts = [*learnt, evaluation.x, evaluation.y, evaluation.calibration]
    of = sha256(*(each.detach().cpu().numpy().tobytes() for each in parts if each is not None))
    return Journal(folder / "scores.jsonl", of)
