"""Training every network on the sentences, and what each system answers."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import nn

from picojoule.data.language.relations import Sentence
from picojoule.data.language.relations.order import triples
from picojoule.metrics.triples import Score, Triple, f1_interval, micro, with_other
from picojoule.models.language.pointing import Form, possible_in
from picojoule.quant.grid import on_grid
from picojoule.recipes.dual_pointer.material import Task
from picojoule.recipes.dual_pointer.plan import NETWORKS, Plan, System
from picojoule.recipes.settings import Settings
from picojoule.train.linker import form_of
from picojoule.train.linking import Material, as_triples, found_by, teach

Answers = list[set[Triple]]
"""Triples, sentence by sentence."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """The task, and the networks that were trained on it, one a seed."""

    task: Task
    form: Form
    networks: dict[str, list[nn.Module]]

    def material(self, sentences: Sequence[Sentence]) -> Material:
        """Sentences for the networks."""
        return Material.of(sentences, self.form)

    def modules(self, system: System) -> list[nn.Module]:
        """The networks of a system."""
        found = self.networks[system.network]
        return found if system.bits == 32 else [rounded(each, system.bits) for each in found]

    def answers(self, system: System, material: Material) -> list[Answers]:
        """What a system says, seed by seed."""
        rule = system.rule
        if system.options:
            possible = possible_in(self.task.corpus.train, self.form.kinds, self.form.labels)
            rule = replace(rule, one_label=True, others=True, possible=possible)
        return [as_triples(found_by(each, material, rule), self.form.labels) for each in self.modules(system)]


def train(task: Task, plan: Plan, settings: Settings, names: Sequence[str] = tuple(NETWORKS)) -> Bench:
    """Train the named networks."""
    form = form_of(task.corpus, **plan.sizes)
    learnt, valid = (Material.of(part, form) for part in (task.corpus.train, task.corpus.valid))
    seeds = range(settings.seed, settings.seed + plan.seeds)
    networks = {name: [train_one(name, learnt, valid, plan, settings, seed) for seed in seeds] for name in names}
    return Bench(task=task, form=form, networks=networks)


def train_one(name: str, learnt: Material, valid: Material, plan: Plan, settings: Settings, seed: int) -> nn.Module:
    """One network, on the CPU, with the weights that were best on validation sentences."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = NETWORKS[name](learnt.form).to(settings.device)
    folder = settings.kept(f"{name}-seed{seed}")
    teach(net, learnt, plan.taught(name), valid=valid, seed=seed, folder=folder, what=f"{name}, seed {seed}")
    return net.cpu()


def rounded(net: nn.Module, bits: int) -> nn.Module:
    """A copy whose matrices are on a grid of 2^bits − 1 values, one step a matrix."""
    net, most = deepcopy(net), 2 ** (bits - 1) - 1
    with torch.no_grad():
        for weight in (each for each in net.parameters() if each.dim() > 1):
            weight.copy_(on_grid(weight, weight.abs().max().clamp(min=1e-12) / most, -most, most))
    return net


@final
@dataclass(frozen=True, kw_only=True)
class Judged:
    """How good answers are, over all seeds together.

    Attributes:
        score: of triples.
        other: the same *with other*.
        interval: of the F1, over sentences drawn again.
        seeds: F1 of each seed.
    """

    score: Score
    other: Score
    interval: tuple[float, float]
    seeds: tuple[float, ...]

    @staticmethod
    def of(answers: Sequence[Answers], sentences: Sequence[Sentence]) -> Judged:
        """Judge what was said, seed by seed, about sentences."""
        sought = [triples(each) for each in sentences]
        numbers = [len(each.entities) for each in sentences]
        others = [
            micro(*([with_other(t, n) for t, n in zip(side, numbers, strict=True)] for side in (given, sought)))
            for given in answers
        ]
        scores = [micro(given, sought) for given in answers]
        pooled = [
            [{(seed, *triple) for seed, side in enumerate(sides) for triple in side} for sides in zip(*of, strict=True)]
            for of in (answers, [sought] * len(answers))
        ]
        interval = f1_interval(*pooled)  # type: ignore[arg-type]
        return Judged(
            score=_sum(scores), other=_sum(others), interval=interval, seeds=tuple(each.f1 for each in scores)
        )


def _sum(scores: Sequence[Score]) -> Score:
    return Score(**{name: sum(getattr(each, name) for each in scores) for name in ("right", "found", "sought")})
