"""Sentences with marked entities, as numbers: what the networks of this room read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import DataError
from picojoule.data.language.relations import Entity, Sentence
from picojoule.data.language.relations.order import place_in_text
from picojoule.data.language.relations.sentences import require_known
from picojoule.data.language.relations.words import HashedWords

CHARACTERS = 96
"""Characters that have a vector of their own: those of ASCII that are printed, and one for all others."""
LONGEST_WORD = 20


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Padded sentences of at most T words and n entities, in the order of the text.

    Attributes:
        spellings: int64 ``[batch, T]``, rows of `pieces` and `letters`.
        lengths: int64 ``[batch]``, words of each.
        pieces: int64 ``[spellings, P]``, hashed pieces of each different word, 0 behind the last.
        letters: int64 ``[spellings, C]``, its characters, 0 behind the last.
        kinds: int64 ``[batch, T]``, 1 + type of the entity that covers a word, 0 outside.
        owners: int64 ``[batch, T]``, 1 + that entity's place, 0 outside; of nested ones the one that begins last.
        spans: int64 ``[batch, n, 2]``, first word and the one behind the last.
        types: int64 ``[batch, n]``, 1 + type of each entity, 0 behind the last.
    """

    spellings: Tensor
    lengths: Tensor
    pieces: Tensor
    letters: Tensor
    kinds: Tensor
    owners: Tensor
    spans: Tensor
    types: Tensor

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def read(self) -> Tensor:
        """Where there is a word, bool ``[batch, T]``."""
        return torch.arange(self.spellings.shape[1], device=self.lengths.device) < self.lengths[:, None]

    @property
    def there(self) -> Tensor:
        """Where there is an entity, bool ``[batch, n]``."""
        return self.types > 0

    @property
    def inside(self) -> Tensor:
        """1/length at the words of each entity, ``[batch, n, T]``: what makes their mean."""
        places = torch.arange(self.spellings.shape[1], device=self.spans.device)
        start, stop = self.spans[..., :1], self.spans[..., 1:]
        return ((places >= start) & (places < stop)) / (stop - start).clamp(min=1)

    def pick(self, index: Tensor) -> Batch:
        """The sentences at these places, without what is padding in all of them."""
        T = int(self.lengths[index].max())
        n = max(1, int(self.there[index].sum(1).max()))
        seen, places = self.spellings[index, :T].unique(return_inverse=True)
        return Batch(
            spellings=places,
            lengths=self.lengths[index],
            pieces=_trimmed(self.pieces[seen]),
            letters=_trimmed(self.letters[seen]),
            kinds=self.kinds[index, :T],
            owners=self.owners[index, :T],
            spans=self.spans[index, :n],
            types=self.types[index, :n],
        )

    def to(self, device: torch.device | str) -> Batch:
        """The same there."""
        return Batch(**{name: value.to(device) for name, value in vars(self).items()})


def _trimmed(rows: Tensor) -> Tensor:
    return rows[:, : max(1, int((rows > 0).sum(1).max()))]


def encode(sentences: Sequence[Sentence], kinds: Sequence[str], hashed: HashedWords) -> Batch:
    """Sentences as numbers.

    Args:
        sentences: at least one; entities in the order of the text.
        kinds: types of entities that the network knows, in the order of their numbers.
        hashed: how words are hashed.

    Raises:
        DataError: no sentence, a type that the network does not know, or entities in another order.
    """
    if not sentences:
        raise DataError("there is no sentence", where="encode", remedy="give at least one")
    words = {word: row for row, word in enumerate(dict.fromkeys(word for each in sentences for word in each.tokens))}
    rows = [_Row.of(each, kinds) for each in sentences]
    return Batch(
        spellings=_padded([[words[word] for word in each.tokens] for each in sentences]),
        lengths=torch.tensor([len(each.tokens) for each in sentences]),
        pieces=_padded([hashed(word)[0] for word in words]),
        letters=_padded([[_letter(each) for each in word[:LONGEST_WORD]] for word in words]),
        kinds=_padded([row.kinds for row in rows]),
        owners=_padded([row.owners for row in rows]),
        spans=torch.stack([_padded([[each.span[end] for each in row.entities] for row in rows]) for end in (0, 1)], 2),
        types=_padded([row.types for row in rows]),
    )


@final
@dataclass(frozen=True, kw_only=True)
class _Row:
    """A sentence's entities in order, their types, and what covers each word."""

    entities: list[Entity]
    types: list[int]
    kinds: list[int]
    owners: list[int]

    @staticmethod
    def of(sentence: Sentence, kinds: Sequence[str]) -> _Row:
        entities, where = list(sentence.entities), sentence.name or "entity"
        if entities != sorted(entities, key=place_in_text):
            raise DataError("entities that are not in the order of the text", where=where, remedy="use ordered()")
        require_known((each.kind for each in entities), kinds, where=where)
        types = [1 + kinds.index(each.kind) for each in entities]
        covering, owners = [0] * len(sentence.tokens), [0] * len(sentence.tokens)
        for number, (each, kind) in enumerate(zip(entities, types, strict=True), 1):
            for place in range(each.start, each.stop):
                covering[place], owners[place] = kind, number
        return _Row(entities=entities, types=types, kinds=covering, owners=owners)


def _letter(letter: str) -> int:
    return ord(letter) - 31 if " " <= letter <= "~" else CHARACTERS


def _padded(rows: Sequence[Sequence[int]]) -> Tensor:
    width = max(1, *(len(row) for row in rows)) if rows else 1
    return torch.tensor([[*row, *[0] * (width - len(row))] for row in rows], dtype=torch.int64)
