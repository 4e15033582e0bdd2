"""Marked sentences as tensors, for any encoder.

::

    x  int64 [sentences, tokens, 1 + pieces]      x[…, 0]: the role of a token      x[…, 1:]: its numbers, 0 where none

An encoder looks up the numbers of a token and adds the vectors up; a word piece has one number, a hashed word several.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import DataError
from picojoule.base.progress import track
from picojoule.data.language.relations.markers import mark
from picojoule.data.language.relations.sentences import Sentence, require_known
from picojoule.data.language.relations.spans import spread

NOTHING, TOKEN, SUBJECT, OBJECT = range(4)
"""Roles: behind the end, any token, the first of the subject's mark, the first of the object's."""
Pieces = Callable[[str], Sequence[Sequence[int]]]
"""A word to its tokens, and each token to its numbers, all above 0."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Sentences of one pair each, as numbers.

    Attributes:
        x: as above.
        y: labels, int64 ``[sentences]``.
    """

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    @property
    def lengths(self) -> Tensor:
        """Tokens of each, int64 ``[sentences]``."""
        return (self.x[..., 0] != NOTHING).sum(1)

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Those at positions `index`, no longer than the longest of them."""
        x = self.x[index]
        longest = int((x[..., 0] != NOTHING).sum(1).max()) if len(index) else 0
        return x[:, :longest], self.y[index]

    def through(self, work: Callable[[Tensor], Tensor], size: int, what: str = "") -> Tensor:
        """What `work` makes of all of them, in their order; it meets at most `size` at a time, of like length.

        Args:
            work: from ``x`` of some to a row for each.
            size: of a batch.
            what: the name of the work, where its progress is shown.
        """
        order = self.lengths.argsort(stable=True)
        parts = order.split(size)
        found = torch.cat([work(self.pick(index)[0]) for index in (track(parts, what) if what else parts)])
        return found[order.argsort()]

    def select(self, index: Tensor) -> Pairs:
        """Those at positions `index` (or where a mask is true) apart."""
        return Pairs(x=self.x[index], y=self.y[index])

    def labelled(self, y: Tensor) -> Pairs:
        """The same sentences with other labels."""
        return Pairs(x=self.x, y=y)

    def batches(self, size: int) -> list[tuple[Tensor, Tensor]]:
        """All of them in order, in batches of `size`."""
        return [self.pick(index) for index in torch.arange(len(self)).split(size)]


@final
@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How sentences become numbers.

    Attributes:
        pieces: of a word.
        form: of the marks.
        first, last: tokens before and behind every sentence, as ``[CLS]`` and ``[SEP]``.
        most: tokens at most; of a longer sentence those around the marks are kept.
    """

    pieces: Pieces
    form: str = "typed punctuation"
    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    most: int = 512

    def __call__(self, sentences: Sequence[Sentence], labels: Sequence[str]) -> Pairs:
        """Sentences of one pair as numbers; labels by their place in `labels`.

        Raises:
            DataError: no sentence, or an unknown label.
        """
        if not sentences:
            raise DataError("there is no sentence", where="encoding", remedy="give at least one")
        require_known((each.label for each in sentences), labels, where="encoding")
        numbers = {label: number for number, label in enumerate(labels)}
        rows = [self.tokens(each) for each in sentences]
        longest, widest = max(map(len, rows)), max(len(token) for row in rows for token in row)
        x = torch.zeros(len(rows), longest, widest, dtype=torch.int64)
        for out, row in zip(x, rows, strict=True):
            padded = [token + (0,) * (widest - len(token)) for token in row]
            out[: len(row)] = torch.tensor(padded)
        return Pairs(x=x, y=torch.tensor([numbers[each.label] for each in sentences]))

    def tokens(self, sentence: Sentence) -> list[tuple[int, ...]]:
        """Role and numbers of each token of a sentence."""
        marked = mark(sentence, self.form)
        cut = [self.pieces(word) for word in marked.tokens]
        subject, object = spread((marked.subject, marked.object), [len(each) for each in cut])
        tokens = [(TOKEN, *piece) for word in cut for piece in word]
        for place, role in ((subject, SUBJECT), (object, OBJECT)):
            tokens[place] = (role, *tokens[place][1:])
        room = self.most - len(self.first) - len(self.last)
        start = max(0, min(min(subject, object), len(tokens) - room))
        before, behind = ([(TOKEN, each) for each in ends] for ends in (self.first, self.last))
        return [*before, *tokens[start : start + room], *behind]
