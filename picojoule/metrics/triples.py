"""How well relations are found: sets of triples (subject, relation, object), each right only as a whole.

::

    P = right/found,   R = right/sought,   F1 = 2·right/(found + sought)

Two scores of the same answer are in use and are not comparable. *With other* adds, on both sides, a triple
(entity, other, nothing) for each entity that is nobody's subject; most entities are none, so it is far higher.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from picojoule.base.errors import DataError

Triple = tuple[int, str, int]
"""Number of the subject, relation, number of the object."""
OTHER, NOTHING = "", -1
"""Relation and object of a triple that says that an entity is nobody's subject."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """How many triples were right, found and sought."""

    right: int
    found: int
    sought: int

    @property
    def precision(self) -> float:
        """Share of what was found that is right; 1 where nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of what was sought that was found; 1 where nothing was sought."""
        return self.right / self.sought if self.sought else 1.0

    @property
    def f1(self) -> float:
        """Their harmonic mean; 1 where nothing was found and nothing sought."""
        total = self.found + self.sought
        return 2 * self.right / total if total else 1.0


def micro(found: Sequence[Collection[Triple]], sought: Sequence[Collection[Triple]]) -> Score:
    """The score of all sentences together.

    Args:
        found, sought: the triples of each sentence, each counted once.

    Raises:
        DataError: of different numbers of sentences.
    """
    right, given, due = _counts(found, sought).sum(0).tolist()
    return Score(right=right, found=given, sought=due)


def with_other(triples: Collection[Triple], entities: int) -> set[Triple]:
    """The triples of a sentence, and one more for each entity that is nobody's subject.

    Args:
        triples: of one sentence.
        entities: how many it has.
    """
    subjects = {subject for subject, _, _ in triples}
    return {*triples, *((each, OTHER, NOTHING) for each in range(entities) if each not in subjects)}


def f1_interval(
    found: Sequence[Collection[Triple]], sought: Sequence[Collection[Triple]], *, draws: int = 500, seed: int = 0
) -> tuple[float, float]:
    """The middle 95 % of micro F1 over draws, with replacement, of as many sentences as there are.

    Args:
        found, sought: as for :func:`micro`.
        draws: how many.
        seed: of the draws.
    """
    counts = _counts(found, sought)
    drawn = np.random.default_rng(seed).integers(len(counts), size=(draws, len(counts)))
    right, given, due = counts[drawn].sum(1).T
    total = given + due
    low, high = np.quantile(np.where(total > 0, 2 * right / np.maximum(total, 1), 1.0), (0.025, 0.975))
    return float(low), float(high)


def _counts(found: Sequence[Collection[Triple]], sought: Sequence[Collection[Triple]]) -> np.ndarray:
    """Right, found and sought of each sentence."""
    if len(found) != len(sought) or not sought:
        what = f"triples of {len(found)} and of {len(sought)} sentences"
        raise DataError(what, where="F1 of relations", remedy="give those of the same sentences, at least one")
    sets = [({*a}, {*b}) for a, b in zip(found, sought, strict=True)]
    return np.array([(len(a & b), len(a), len(b)) for a, b in sets])
