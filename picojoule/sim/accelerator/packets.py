"""What travels to the board: packets of 16 bits, words as numbers and never vectors.

::

    bit 15       training
    bits 14–12   0 a word of a sentence, 1 the age that ends it, 2 a word of the question, 3 its last word
                 (4 the answer and 5 to 7 commands, in training)
    bits 11–0    the number of the word or the age
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError

WORD, AGE, ASKED, LAST = range(4)
_LARGEST = (1 << 12) - 1


def stream(story: Sequence[Sequence[int]], question: Sequence[int]) -> NDArray[np.uint16]:
    """The packets of one question.

    Args:
        story: numbers of the words of each memory, the newest memory first.
        question: numbers of its words, at least one.

    Raises:
        InputError: a number beyond 12 bits, or a question without a word.
    """
    if not question or max((*question, *(word for sentence in story for word in sentence), len(story))) > _LARGEST:
        raise InputError(
            "a word beyond 12 bits, or an empty question", where="packets", remedy="use a smaller vocabulary"
        )
    found = []
    for age in reversed(range(len(story))):  # the oldest comes first, as it was told
        found += [_packet(WORD, word) for word in story[age]] + [_packet(AGE, age)]
    found += [_packet(ASKED, word) for word in question[:-1]] + [_packet(LAST, question[-1])]
    return np.array(found, np.uint16)


def read(packets: NDArray[np.uint16]) -> tuple[list[list[int]], list[int]]:
    """Story and question of a stream, as :func:`stream` took them."""
    story: list[list[int]] = [[]]
    question = []
    for kind, number in zip((packets >> 12 & 7).tolist(), (packets & _LARGEST).tolist(), strict=True):
        if kind == WORD:
            story[-1].append(number)
        elif kind == AGE:
            story.append([])
        elif kind in (ASKED, LAST):
            question.append(number)
    return story[-2::-1], question


def count(words: NDArray[np.int64], memories: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many packets questions are: words of their stories, an age a memory, and their own words."""
    return words + memories + asked


def _packet(kind: int, number: int) -> int:
    return kind << 12 | number
