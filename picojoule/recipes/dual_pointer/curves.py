"""The curves: F1 and ceilings against ρ, work and time against the number of entities."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from picojoule.cost import price
from picojoule.cost.profiles import HOROWITZ_FP32
from picojoule.data.language.relations import Entity, Sentence
from picojoule.data.language.relations.order import ceiling
from picojoule.recipes.dual_pointer.networks import Answers, Bench, Judged
from picojoule.recipes.dual_pointer.plan import (
    APART,
    BASELINE,
    DUAL,
    IN_PLACE,
    OBJECTS,
    PLACED_OBJECTS,
    PLACED_SUBJECTS,
    POINTERS,
    SEVERAL,
    SHARED,
    SUBJECTS,
    TOGETHER,
)
from picojoule.recipes.dual_pointer.rows import seconds, work
from picojoule.result import Series

WORDS = 60
"""Of the sentences in which entities are counted up; the length stays, so that only their number acts."""
_BY_SHARING = (BASELINE, SHARED, DUAL, OBJECTS, SUBJECTS, IN_PLACE, PLACED_OBJECTS, PLACED_SUBJECTS, SEVERAL)
_GROWING = {BASELINE.name: APART, SHARED.name: TOGETHER, DUAL.name: POINTERS}


def by_sharing(bench: Bench, answers: dict[str, list[Answers]]) -> dict[str, dict[float, float]]:
    """F1 of each system at each ρ; none where ρ is not known."""
    found: dict[str, dict[float, float]] = {system.name: {} for system in _BY_SHARING}
    start = 0
    for ρ, sentences in bench.task.tests.items():
        part = slice(start, start := start + len(sentences))
        for name, lines in found.items() if ρ is not None else ():
            lines[ρ] = Judged.of([each[part] for each in answers[name]], sentences).score.f1
    return found


def sharing(bench: Bench, scores: dict[str, dict[float, float]]) -> Iterator[Series]:
    """F1 against ρ, and the recall that perfect pointers reach."""
    for name, points in scores.items():
        if points:
            yield _line("F1 against shared arguments", name, points, "share of clauses that share an argument", "F1")
    ceilings = {ρ: ceiling(sentences) for ρ, sentences in bench.task.tests.items() if ρ is not None}
    for which in ("forward", "backward", "union"):
        points = {ρ: found[which] for ρ, found in ceilings.items()}
        if points:
            name = "recall of perfect pointers against shared arguments"
            yield _line(name, f"pointers {which}", points, "share of clauses that share an argument", "recall")


def growth(bench: Bench, entities: tuple[int, ...]) -> dict[str, dict[int, tuple[float, float, float]]]:
    """MACs, joules and seconds of a sentence against its entities, for pointers and pairs."""
    crowds = {n: bench.material([crowd(n, bench.form.kinds)]).batch.pick(torch.tensor([0])) for n in entities}
    found: dict[str, dict[int, tuple[float, float, float]]] = {}
    for system, network in _GROWING.items():
        net = bench.networks[network][0]
        for n, batch in crowds.items():
            counts = work(net, [batch])
            joules = price(counts, HOROWITZ_FP32).joules
            found.setdefault(system, {})[n] = counts.total("macs"), joules, seconds(net, [batch])
    return found


def growing(found: dict[str, dict[int, tuple[float, float, float]]]) -> Iterator[Series]:
    """The same as curves."""
    quantities = (("MACs", 1e6, "million MACs a sentence"), ("joules", 1e-6, "µJ a sentence"), ("time", 1e-3, "ms"))
    for place, (name, scale, unit) in enumerate(quantities):
        for system, points in found.items():
            line = {n: values[place] / scale for n, values in points.items()}
            yield _line(f"{name} against entities", system, line, "entities", unit)


def crowd(n: int, kinds: tuple[str, ...]) -> Sentence:
    """A sentence of :data:`WORDS` words of which every third is an entity, until there are n."""
    if 3 * n > WORDS:
        raise ValueError(f"{n} entities in {WORDS} words")
    entities = tuple(Entity(start=3 * j, stop=3 * j + 1, kind=kinds[j % len(kinds)]) for j in range(n))
    return Sentence(tokens=tuple(f"Name{t}" if t % 3 == 0 else "and" for t in range(WORDS)), entities=entities)


def _line(name: str, system: str, points: dict, x_unit: str, y_unit: str) -> Series:  # type: ignore[type-arg]
    return Series(name=name, system=system, x=tuple(points), y=tuple(points.values()), x_unit=x_unit, y_unit=y_unit)
