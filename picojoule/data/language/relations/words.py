"""Words as numbers without a vocabulary: each word is the sum of hashed pieces of itself.

::

    word w → h(⟨w⟩), h(each n-gram of ⟨w⟩, n = 3 … 5)         h: CRC-32 modulo the number of buckets, plus 1

No word is unknown, words with common pieces begin alike, and nothing is learnt from a data set, so nothing of the test
set can leak through it. Cite key ``bojanowski2017``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import final
from zlib import crc32

from picojoule.base.errors import InputError

_MARK = re.compile(r"\[/?[A-Z0-9_-]+\]|[@#*^]")
"""Marks have no pieces: they are one bucket each."""


@final
@dataclass(frozen=True, kw_only=True)
class HashedWords:
    """How words are hashed.

    Attributes:
        buckets: how many; 0 is no bucket.
        shortest, longest: letters of a piece, ``<`` and ``>`` at the ends of the word included.
        most: pieces of a word at most, the word itself among them; the first are kept.
        keeps_case: whether ``The`` and ``the`` are two words.

    Raises:
        InputError: a number that is too small.
    """

    buckets: int = 16384
    shortest: int = 3
    longest: int = 5
    most: int = 16
    keeps_case: bool = False

    def __post_init__(self) -> None:
        if min(self.buckets, self.shortest, self.most) < 1 or self.longest < self.shortest:
            what = f"{self.buckets} buckets, {self.most} pieces of {self.shortest} to {self.longest} letters"
            raise InputError(what, where="HashedWords", remedy="give at least one of each, the longest last")

    def __call__(self, word: str) -> tuple[tuple[int, ...]]:
        """A word is one token: its own bucket first, then those of its pieces."""
        return (_buckets(self, word if self.keeps_case or _MARK.fullmatch(word) else word.lower()),)


@lru_cache(maxsize=200_000)
def _buckets(how: HashedWords, word: str) -> tuple[int, ...]:
    bounded = f"<{word}>"
    lengths = () if _MARK.fullmatch(word) else range(how.shortest, how.longest + 1)
    pieces = [bounded[i : i + n] for n in lengths for i in range(len(bounded) - n + 1)]
    distinct = list(dict.fromkeys([f"={bounded}", *pieces]))[: how.most]
    return tuple(1 + crc32(piece.encode()) % how.buckets for piece in distinct)
