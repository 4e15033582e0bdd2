"""The paper's claims, what we check of the method, and what is true by construction."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

import torch

from picojoule.data.language.relations.generating import Generated
from picojoule.metrics.ranking import auc
from picojoule.recipes.claims import judged, structural
from picojoule.recipes.curriculum_re.bench import Bench
from picojoule.recipes.curriculum_re.conditions import ANNEALING, CAUTIOUS, RANDOM
from picojoule.recipes.curriculum_re.rows import beside_random
from picojoule.result import Claim

_PAPERS = {"tacred": 0.75, "re-tacred": 0.914}
_OURS = "a check of ours, not the paper's"
_FINDS = 0.8
"""Area under the curve above which teachers count as finding wrong labels."""


def claims(bench: Bench, corpus: str, made: Generated | None) -> tuple[Claim, ...]:
    """All of them."""
    return (*_papers(bench, corpus), *_checks(bench, made), *_structural(bench))


def _papers(bench: Bench, corpus: str) -> Iterator[Claim]:
    for name, paper in _PAPERS.items():
        here = corpus == name
        measured = fmean(bench.scores(ANNEALING, stopped=True)) if here else None
        yield judged(
            f"f1-{name}",
            f"F1 on {name} with a curriculum",
            measured=measured,
            reached=None if measured is None else measured >= paper,
            source="abstract",
            paper=paper,
            reason=None if here else "its sentences have to be bought: give them with --full --data",
        )
    gain, low, high = beside_random(bench, ANNEALING)
    yield judged(
        "curriculum-gains",
        f"F1 that annealing gains beside random order, both early-stopped (95 %: {low:+.3f} … {high:+.3f})",
        measured=gain,
        reached=low > 0,
        source="abstracts: 75.0 on TACRED beside 74.6 of the baseline's paper",
        paper=0.004,
    )


def _checks(bench: Bench, made: Generated | None) -> Iterator[Claim]:
    gain, low, high = beside_random(bench, CAUTIOUS)
    yield judged(
        "leaving-the-hardest-out-gains",
        f"F1 that baby steps without the hardest fifth gain beside it (95 %: {low:+.3f} … {high:+.3f})",
        measured=gain,
        reached=low > 0,
        source=_OURS,
    )
    found = None if made is None or not any(made.wrong) else fmean(
        auc(-each.ease("soft"), torch.tensor(made.wrong)) for each in bench.reviews.values()
    )  # fmt: skip
    yield judged(
        "teachers-find-wrong-labels",
        f"area under the curve of difficulty as a sign of a wrong label, at least {_FINDS}",
        measured=found,
        reached=None if found is None else found >= _FINDS,
        source=_OURS,
        reason=None if found is not None else "which labels are wrong is known of generated sentences only",
    )


def _structural(bench: Bench) -> Iterator[Claim]:
    own = sum(
        int((~each.chances[j, each.folds == j].isnan()).sum())
        for each in bench.reviews.values()
        for j in range(each.teachers)
    )
    yield structural(
        "no-teacher-judges-its-own", "judgements of a teacher on what it learnt", target=0, measured=own, unit="count"
    )
    steps = {each.steps[-1] for found in bench.learnt.values() for each in found.values()}
    due = next(iter(bench.learnt[RANDOM].values())).steps[-1]
    yield structural(
        "equal-steps",
        "orders that make another number of steps than random order",
        target=0,
        measured=len(steps - {due}),
        unit="count",
    )
