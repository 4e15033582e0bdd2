"""Text to numbers of word pieces, as BERT's lower-case vocabularies have it."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import final

_LONGEST = 100
_WORDS = re.compile(r"\w+|[^\w\s]|_")


@final
class WordPiece:
    """Words are cut into the longest pieces that the vocabulary has, from the left.

    Args:
        vocabulary: a file with a piece a line; pieces that go on in a word begin with ``##``.
    """

    def __init__(self, vocabulary: Path) -> None:
        pieces = vocabulary.read_text(encoding="utf-8").splitlines()
        self._numbers = {piece: number for number, piece in enumerate(pieces)}

    def __call__(self, text: str) -> list[int]:
        """The numbers of a text, between those of ``[CLS]`` and ``[SEP]``."""
        return [*self.first, *self.of(text), *self.last]

    @property
    def first(self) -> tuple[int, ...]:
        """What every text begins with: ``[CLS]``."""
        return (self._numbers["[CLS]"],)

    @property
    def last(self) -> tuple[int, ...]:
        """What every text ends with: ``[SEP]``."""
        return (self._numbers["[SEP]"],)

    def of(self, text: str) -> list[int]:
        """The numbers of a word, or of a part of a text."""
        plain = unicodedata.normalize("NFD", text.lower())
        plain = "".join(each for each in plain if unicodedata.category(each) != "Mn")
        pieces = [piece for word in _WORDS.findall(plain) for piece in self._cut(word)]
        return [self._numbers[piece] for piece in pieces]

    def _cut(self, word: str) -> list[str]:
        found: list[str] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            ends = range(len(word), start, -1) if len(word) <= _LONGEST else ()
            end = next((end for end in ends if mark + word[start:end] in self._numbers), None)
            if end is None:
                return ["[UNK]"]
            found.append(mark + word[start:end])
            start = end
        return found
