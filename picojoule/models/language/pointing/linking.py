"""From what a network says to relations: the union of two pointers, and its options."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, final

import torch
from torch import Tensor

from picojoule.data.language.relations import Sentence
from picojoule.models.language.pointing.batch import Batch
from picojoule.models.language.pointing.network import Pointers

Said = tuple[Pointers, Pointers] | Tensor
"""What a network says: pointers to objects and to subjects, or logits of every pair, 0 being no relation."""
Decoder = Literal["objects", "subjects", "pairs"]


class Link(NamedTuple):
    """A relation that was found: places of subject and object, number of the label, its probability, and by whom."""

    subject: int
    label: int
    object: int
    probability: float
    decoder: Decoder


@final
@dataclass(frozen=True, kw_only=True)
class Rule:
    """Which of the links that decoders propose are taken; the plain union if nothing is given.

    Attributes:
        decoders: whose.
        one_label: of two labels for one pair only the likelier.
        others: never from an entity to itself.
        possible: only (type of subject, label, type of object) of these; all if None.
    """

    decoders: tuple[Decoder, ...] = ("objects", "subjects", "pairs")
    one_label: bool = False
    others: bool = False
    possible: frozenset[tuple[int, int, int]] | None = None

    def takes(self, link: Link, types: Sequence[int]) -> bool:
        """Whether a link alone may stand; `types` of the entities, from 0."""
        if link.decoder not in self.decoders or (self.others and link.subject == link.object):
            return False
        return self.possible is None or (types[link.subject], link.label, types[link.object]) in self.possible

    def merge(self, links: Iterable[Link], types: Sequence[int]) -> tuple[Link, ...]:
        """The links that are taken, each triple once with its highest probability, in the order of the text."""
        best: dict[tuple[int, ...], Link] = {}
        for link in links:
            key = (link.subject, link.object) if self.one_label else (link.subject, link.object, link.label)
            if self.takes(link, types) and (key not in best or link.probability > best[key].probability):
                best[key] = link
        return tuple(sorted(best.values(), key=lambda link: (link.subject, link.object, link.label)))


UNION = Rule()
FORWARD, BACKWARD = Rule(decoders=("objects",)), Rule(decoders=("subjects",))


def possible_in(
    sentences: Iterable[Sentence], kinds: Sequence[str], labels: Sequence[str]
) -> frozenset[tuple[int, int, int]]:
    """Types and labels that go together in these sentences, as numbers."""
    return frozenset(
        (kinds.index(each.entities[r.subject].kind), labels.index(r.label), kinds.index(each.entities[r.object].kind))
        for each in sentences
        for r in each.relations
    )


def merged(said: Said, batch: Batch, rule: Rule = UNION) -> list[tuple[Link, ...]]:
    """The links of each sentence.

    Args:
        said: of the network about the batch.
        batch: the sentences.
        rule: which links are taken.
    """
    proposed = proposals(said, batch.there)
    types = (batch.types - 1).tolist()
    return [rule.merge(*each) for each in zip(proposed, types, strict=True)]


def proposals(said: Said, there: Tensor) -> list[list[Link]]:
    """Everything that any decoder proposes, sentence by sentence.

    Args:
        said: of the network.
        there: where there is an entity, bool ``[batch, n]``.
    """
    found: list[list[Link]] = [[] for _ in there]
    if isinstance(said, Tensor):
        _add(found, "pairs", *_of_pairs(said, there))
        return found
    for decoder, pointers in zip(("objects", "subjects"), said, strict=True):
        _add(found, decoder, *(_of_many if pointers.relation.dim() == 4 else _of_one)(pointers, there))
    return found


def _of_one(pointers: Pointers, there: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(sentence, entity, other, label) of each link, and its probability."""
    chance, other = pointers.at.softmax(-1).max(-1)
    named, label = pointers.relation.softmax(-1).max(-1)
    hit = (other > 0) & (label > 0) & there
    return hit.nonzero(), torch.stack([other - 1, label - 1], 2)[hit], (chance * named)[hit]


def _of_many(pointers: Pointers, there: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    chance = pointers.at.sigmoid()
    named, label = pointers.relation.softmax(-1).max(-1)
    hit = (chance > 0.5) & there[:, :, None]
    where = hit.nonzero()
    return where[:, :2], torch.stack([where[:, 2], label[hit]], 1), (chance * named)[hit]


def _of_pairs(logits: Tensor, there: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    chance, label = logits.softmax(-1).max(-1)
    hit = (label > 0) & there[:, :, None] & there[:, None]
    where = hit.nonzero()
    return where[:, :2], torch.stack([where[:, 2], label[hit] - 1], 1), chance[hit]


def _add(found: list[list[Link]], decoder: Decoder, where: Tensor, what: Tensor, chance: Tensor) -> None:
    for (row, entity), (other, label), p in _rows(where, what, chance):
        subject, object = (other, entity) if decoder == "subjects" else (entity, other)
        found[row].append(Link(subject, label, object, p, decoder))


def _rows(*columns: Tensor) -> Iterator[tuple]:  # type: ignore[type-arg]
    return zip(*(each.tolist() for each in columns), strict=True)
