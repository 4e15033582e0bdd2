"""What the paper claims, and what is true by construction of two pointers."""

from __future__ import annotations

from collections.abc import Mapping

from picojoule.data.language.relations.order import ceiling
from picojoule.recipes.claims import judged, structural
from picojoule.recipes.dual_pointer.networks import Answers, Bench, Judged
from picojoule.recipes.dual_pointer.plan import (
    BASELINE,
    DUAL,
    IN_PLACE,
    OBJECTS,
    PLACED_OBJECTS,
    PLACED_SUBJECTS,
    SHARED,
    SUBJECTS,
    WITHOUT,
    System,
)
from picojoule.result import Claim

Growth = Mapping[str, Mapping[int, tuple[float, float, float]]]
_SOURCE, _OURS = "the released code's design; no number at hand", "ours, beside the paper's network"
_FEWER_MACS = 2.0
_COMPARED = (
    ("union-above-forward", "the union less that of pointers to objects alone", DUAL, OBJECTS, _SOURCE),
    ("union-above-backward", "the union less that of pointers to subjects alone", DUAL, SUBJECTS, _SOURCE),
    ("context", "the union less that without attention to the sentence", DUAL, WITHOUT, _SOURCE),
    ("above-pairs-apart", "the union less that of pairs that are read apart", DUAL, BASELINE, _SOURCE),
    ("above-pairs-together", "the union less that of pairs with a shared encoder", DUAL, SHARED, _SOURCE),
    ("placed-above-published", "the placed union less that of the union", IN_PLACE, DUAL, _OURS),
    ("placed-above-forward", "the placed union less that of its pointers to objects", IN_PLACE, PLACED_OBJECTS, _OURS),
    (
        "placed-above-backward",
        "the placed union less that of its pointers to subjects",
        IN_PLACE,
        PLACED_SUBJECTS,
        _OURS,
    ),
    ("placed-above-pairs", "the placed union less that of pairs with a shared encoder", IN_PLACE, SHARED, _OURS),
)
"""Id, what is compared, the two systems, and whose claim it is."""
_GROWING = (
    ("gain-grows", _SOURCE, DUAL, OBJECTS, SUBJECTS),
    ("placed-gain-grows", _OURS, IN_PLACE, PLACED_OBJECTS, PLACED_SUBJECTS),
)
_RIVALS = (
    ("fewer-macs", BASELINE, "pairs that are read apart"),
    ("fewer-macs-shared", SHARED, "pairs with a shared encoder"),
)
_AT = 10
"""Entities at which work is compared."""


def claims(
    bench: Bench, answers: dict[str, list[Answers]], scores: dict[str, dict[float, float]], growth: Growth
) -> tuple[Claim, ...]:
    """All claims."""
    test = bench.task.corpus.test
    f1 = {name: Judged.of(answers[name], test).score.f1 for name in answers}

    def compared(name: str, text: str, one: System, other: System, source: str) -> Claim:
        gain = f1[one.name] - f1[other.name]
        return judged(name, f"F1 of {text}", measured=gain, reached=gain > 0, source=source)

    return (
        _paper("ace", "F1 on ACE-2005; which of the two F1 is not known", 0.808),
        _paper("nyt", "F1 on NYT; which of the two F1 is not known", 0.783),
        *(compared(*each) for each in _COMPARED),
        *(_grows(scores, *each) for each in _GROWING),
        *_fast(growth),
        structural(
            "union-holds-both",
            "sentences in which perfect pointers of both kinds say less than those of one kind",
            target=0,
            measured=sum(_less(ceiling((each,))) for each in test),
            unit="count",
        ),
        structural(
            "only-entities",
            "answers that name an entity that is not there",
            target=0,
            measured=sum(_outside(given, len(each.entities)) for of in answers.values() for seed in of
                         for given, each in zip(seed, test, strict=True)),
            unit="count",
        ),
    )  # fmt: skip


def _paper(name: str, text: str, number: float) -> Claim:
    reason = "needs the paper's data, whose preparation is not known; --data runs the same systems on such files"
    return judged(name, text, measured=None, reached=None, source="abstract, read", paper=number, reason=reason)


def _grows(scores: dict[str, dict[float, float]], name: str, source: str, union: System, *halves: System) -> Claim:
    """The union's gain at the largest ρ, less that at the smallest."""
    text = f"gain of {union.name} above the better pointer alone at the largest ρ, less that at the smallest"
    found = scores[union.name]
    if len(found) < 2:
        reason = "ρ of these data is not known"
        return judged(name, text, measured=None, reached=None, source=source, reason=reason)
    low, high = (found[ρ] - max(scores[half.name][ρ] for half in halves) for ρ in (min(found), max(found)))
    return judged(name, text, measured=high - low, reached=high > low, source=source)


def _fast(growth: Growth) -> list[Claim]:
    """Work at ten entities, or at the most that were tried."""
    n = _AT if _AT in growth[DUAL.name] else max(growth[DUAL.name])
    found = []
    for name, rival, who in _RIVALS:
        ratio = growth[rival.name][n][0] / growth[DUAL.name][n][0]
        text = f"MACs of {who} over those of pointers at {n} entities, {_FEWER_MACS:g} or more"
        source = "the title says fast; no number at hand"
        found.append(judged(name, text, measured=ratio, reached=ratio >= _FEWER_MACS, source=source, unit="ratio"))
    return found


def _less(kept: dict[str, float]) -> bool:
    return kept["union"] < max(kept["forward"], kept["backward"])


def _outside(given: set[tuple[int, str, int]], entities: int) -> int:
    return sum(not (0 <= subject < entities and 0 <= object < entities) for subject, _, object in given)
