"""What the networks should say, as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.data.language.relations import Relation, Sentence
from picojoule.data.language.relations.order import pointed


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Targets:
    """Of sentences with at most n entities.

    Attributes:
        objects, subjects: int64 ``[sentences, n, 2]``: 1 + place of each entity's object (subject), and 1 + number of
            the label; 0 and 0 where it has none.
        pairs: int64 ``[sentences, n, n]``: 1 + number of the label from row to column, 0 where there is none.
    """

    objects: Tensor
    subjects: Tensor
    pairs: Tensor

    @staticmethod
    def of(sentences: Sequence[Sentence], labels: Sequence[str]) -> Targets:
        """The targets of these sentences; of two labels for one pair the last listed."""
        n = max(1, *(len(each.entities) for each in sentences))
        both = [pointed(each) for each in sentences]
        pairs = torch.zeros(len(sentences), n, n, dtype=torch.int64)
        for row, sentence in zip(pairs, sentences, strict=True):
            for each in sentence.relations:
                row[each.subject, each.object] = 1 + labels.index(each.label)
        return Targets(
            objects=_at([{r.subject: (r.object, r) for r in found.values()} for found, _ in both], n, labels),
            subjects=_at([{r.object: (r.subject, r) for r in found.values()} for _, found in both], n, labels),
            pairs=pairs,
        )

    def pick(self, index: Tensor, n: int) -> Targets:
        """Those of the sentences at these places, of which none has more than n entities."""
        return Targets(
            objects=self.objects[index, :n], subjects=self.subjects[index, :n], pairs=self.pairs[index, :n, :n]
        )

    def to(self, device: torch.device | str) -> Targets:
        """The same there."""
        return Targets(**{name: value.to(device) for name, value in vars(self).items()})


def _at(rows: Sequence[Mapping[int, tuple[int, Relation]]], n: int, labels: Sequence[str]) -> Tensor:
    found = torch.zeros(len(rows), n, 2, dtype=torch.int64)
    for row, aims in zip(found, rows, strict=True):
        for place, (other, relation) in aims.items():
            row[place] = torch.tensor([1 + other, 1 + labels.index(relation.label)])
    return found
