"""What the paper claims, and what is true by construction of two pointers."""

from __future__ import annotations

from collections.abc import Mapping

from picojoule.recipes.claims import judged, structural
from picojoule.data.language.relations.order import ceiling
from picojoule.recipes.dual_pointer.networks import Answers, Bench, Judged
from picojoule.recipes.dual_pointer.plan import BASELINE, DUAL, OBJECTS, SHARED, SUBJECTS, WITHOUT, System
from picojoule.result import Claim

Growth = Mapping[str, Mapping[int, tuple[float, float, float]]]
_SOURCE = "the released code's design; no number at hand"
_FEWER_MACS = 2.0
_AT = 10
"""Entities at which work is compared."""


def claims(
    bench: Bench, answers: dict[str, list[Answers]], scores: dict[str, dict[float, float]], growth: Growth
) -> tuple[Claim, ...]:
    """All claims."""
    test = bench.task.corpus.test
    f1 = {name: Judged.of(answers[name], test).score.f1 for name in answers}

    def above(one: System, other: System) -> float:
        return f1[one.name] - f1[other.name]

    gains = {
        "union-above-forward": ("F1 of the union less that of pointers to objects alone", above(DUAL, OBJECTS)),
        "union-above-backward": ("F1 of the union less that of pointers to subjects alone", above(DUAL, SUBJECTS)),
        "context": ("F1 with attention to the sentence less without", above(DUAL, WITHOUT)),
        "above-pairs-together": ("F1 of the union less that of pairs with a shared encoder", above(DUAL, SHARED)),
        "above-pairs-apart": ("F1 of the union less that of pairs that are read apart", above(DUAL, BASELINE)),
    }
    return (
        _paper("ace", "F1 on ACE-2005; which of the two F1 is not known", 0.808),
        _paper("nyt", "F1 on NYT; which of the two F1 is not known", 0.783),
        *(judged(name, text, measured=gain, reached=gain > 0, source=_SOURCE) for name, (text, gain) in gains.items()),
        _grows(scores),
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


def _grows(scores: dict[str, dict[float, float]]) -> Claim:
    """The union's gain at the largest ρ, less that at the smallest."""
    text = "gain of the union above the better pointer at the largest ρ, less that at the smallest"
    by_rho = scores[DUAL.name]
    if len(by_rho) < 2:
        return judged("gain-grows", text, measured=None, reached=None, source=_SOURCE, reason="ρ of these data is not known")
    gains = [by_rho[ρ] - max(scores[OBJECTS.name][ρ], scores[SUBJECTS.name][ρ]) for ρ in (min(by_rho), max(by_rho))]
    grown = gains[1] - gains[0]
    return judged("gain-grows", text, measured=grown, reached=grown > 0, source=_SOURCE)


def _fast(growth: Growth) -> list[Claim]:
    """Work at ten entities, or at the most that were tried."""
    n = _AT if _AT in growth[DUAL.name] else max(growth[DUAL.name])
    found = []
    for name, rival, text in (
        ("fewer-macs", BASELINE, f"MACs of pairs that are read apart over those of pointers at {n} entities, 2 or more"),
        ("fewer-macs-shared", SHARED, f"MACs of pairs with a shared encoder over those of pointers at {n} entities, 2 or more"),
    ):
        ratio = growth[rival.name][n][0] / growth[DUAL.name][n][0]
        source = "the title says fast; no number at hand"
        found.append(judged(name, text, measured=ratio, reached=ratio >= _FEWER_MACS, source=source, unit="ratio"))
    return found


def _less(kept: dict[str, float]) -> bool:
    return kept["union"] < max(kept["forward"], kept["backward"])


def _outside(given: set[tuple[int, str, int]], entities: int) -> int:
    return sum(not (0 <= subject < entities and 0 <= object < entities) for subject, _, object in given)
