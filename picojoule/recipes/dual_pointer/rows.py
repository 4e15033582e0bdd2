"""The rows: F1 in both variants, MACs, joules and seconds a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import stdev
from typing import final

import torch
from torch import nn

from picojoule.cost import Counts, LayerCounts
from picojoule.cost.profiles import HOROWITZ_FP32, HOROWITZ_FP32_NO_REUSE, HOROWITZ_FP32_OPS
from picojoule.data.language.relations import Sentence
from picojoule.measurement import count_module
from picojoule.measurement import counted as priced
from picojoule.measurement.clock import seconds_of
from picojoule.models.language.pointing import Batch, Linker
from picojoule.recipes.dual_pointer.networks import Answers, Bench, Judged
from picojoule.recipes.dual_pointer.plan import SYSTEMS, System
from picojoule.recipes.dual_pointer.rule import TypeRule
from picojoule.result import Energy, Row
from picojoule.train.linking import Material, as_triples

PROFILES = (HOROWITZ_FP32, HOROWITZ_FP32_NO_REUSE, HOROWITZ_FP32_OPS)
_TIMED = 10
"""Test sentences that are timed."""
RULES = ("rule (majority)", "rule (threshold of validation)")
PACKAGED = "linker in the package"


def rows(bench: Bench, answers: dict[str, list[Answers]], linker: Linker, *, counted: int) -> Iterator[Row]:
    """A row a system, then the rules, then the linker.

    Args:
        bench: the networks.
        answers: of each system.
        linker: what ``picojoule extract`` uses.
        counted: test sentences whose work is counted.
    """
    test = bench.task.corpus.test
    few = bench.material(test[:counted])
    costs = {name: Cost.of(nets[0], few) for name, nets in bench.networks.items()}
    for system in SYSTEMS:
        yield _row(system, costs[system.network], Judged.of(answers[system.name], test))
    for name, rule in zip(RULES, rules(bench), strict=True):
        yield _plain(name, Judged.of([rule(test)], test))
    yield from _packaged(linker, test, counted)


def rules(bench: Bench) -> tuple[TypeRule, TypeRule]:
    """Without a choice, and with a threshold chosen on validation sentences."""
    corpus = bench.task.corpus
    return TypeRule.learn(corpus.train), TypeRule.chosen(corpus.train, corpus.valid)


@final
@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a network does for a sentence, and how long it takes."""

    counts: Counts
    seconds: float

    @staticmethod
    def of(net: nn.Module, few: Material) -> Cost:
        """Of these sentences, one at a time."""
        alone = [few.batch.pick(torch.tensor([place])) for place in range(len(few))]
        return Cost(counts=work(net, alone), seconds=seconds(net, alone[:_TIMED]))


def _row(system: System, cost: Cost, judged: Judged) -> Row:
    layers = tuple(replace(layer, weight_bits=system.bits) for layer in cost.counts.layers)
    found = priced(
        system.name,
        replace(cost.counts, layers=layers),
        PROFILES,
        hits=None,
        spiking=False,
        metrics=metrics(judged),
        seconds=cost.seconds if system.bits == 32 else None,
    )
    return replace(found, interval={"f1": judged.interval}, layers=())


def work(net: nn.Module, sentences: Sequence[Batch]) -> Counts:
    """What a network does for these sentences, one at a time."""
    layers: dict[str, list[LayerCounts]] = {}
    for each in sentences:
        for layer in count_module(net, each, samples=1).layers:
            layers.setdefault(layer.name, []).append(layer)
    return Counts(samples=len(sentences), steps=None, layers=tuple(map(_together, layers.values())))


def _together(found: list[LayerCounts]) -> LayerCounts:
    """The sums over sentences; values read and written are those of a sentence on average."""
    total, *others = found
    for each in others:
        total = total.plus(each)
    means = {name: sum(getattr(each, name) for each in found) // len(found) for name in ("inputs", "outputs")}
    return replace(total, **means)


def seconds(net: nn.Module, sentences: Iterable[Batch]) -> float:
    """Of a sentence, alone in its batch, on average."""
    with torch.inference_mode():
        times = [seconds_of(net, each) for each in sentences]
    return sum(times) / len(times)


def metrics(judged: Judged) -> dict[str, float | None]:
    """What a row tells of its answers."""
    return {
        "f1": judged.score.f1,
        "precision": judged.score.precision,
        "recall": judged.score.recall,
        "f1_with_other": judged.other.f1,
        "f1_deviation_of_seeds": stdev(judged.seeds) if len(judged.seeds) > 1 else None,
    }


def _plain(name: str, judged: Judged) -> Row:
    """A system without arithmetic that a profile has a price for."""
    reason = "looks up a table: no price for that"
    energy = tuple(Energy(profile=each.name, reason=reason) for each in PROFILES)
    return Row(system=name, metrics=metrics(judged), interval={"f1": judged.interval}, energy=energy)


def _packaged(linker: Linker, test: Sequence[Sentence], counted: int) -> Iterator[Row]:
    """The linker, where it knows the types of the entities."""
    form = linker.model.form
    if not {entity.kind for sentence in test for entity in sentence.entities} <= set(form.kinds):
        return
    cost = Cost.of(linker.model, Material.of(test[:counted], form))
    answers = as_triples(linker(test), form.labels)
    yield _row(System(name=PACKAGED, network=""), cost, Judged.of([answers], test))
