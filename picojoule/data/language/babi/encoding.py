"""Stories as tensors.

A sentence is a bag of its words, in two sums: s⁰ counts them, and sʲ counts word j of J as 1 − 2j/J. With the position
encoding l_kj = (1 − j/J) − (k/E)(1 − 2j/J) of MemN2N, which is of rank two, an embedding is therefore two products::

    Σ_j l_kj A[x_j]_k = ½(s⁰A)_k + (½ − k/E)(sʲA)_k

since 1 − j/J = ½ + ½(1 − 2j/J). No word is looked up one by one, and every question of a batch is one row of a matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import DataError, InputError
from picojoule.data.language.babi.stories import Story, questions

MEMORIES = 50
"""The newest sentences that are kept, as MemN2N has it."""


@final
@dataclass(frozen=True)
class Vocabulary:
    """Tokens by number: the words of statements and questions, then the answers that are none of them.

    Attributes:
        words: sorted.
        others: answers that no sentence has, such as ``apple,milk``, sorted.
    """

    words: tuple[str, ...]
    others: tuple[str, ...]

    @staticmethod
    def of(stories: Iterable[Story]) -> Vocabulary:
        """The vocabulary of training stories."""
        lines = [line for story in stories for line in story]
        words = {word for line in lines for word in line.words}
        answers = {line.answer.lower() for line in lines if line.answer is not None}
        return Vocabulary(tuple(sorted(words)), tuple(sorted(answers - words)))

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every token; its number is its place."""
        return self.words + self.others

    def __len__(self) -> int:
        return len(self.words) + len(self.others)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Questions:
    """Questions with what was told before them; sentences that occur often are stored once.

    Attributes:
        sentences: ``[sentences, 2, tokens]`` float32: s⁰ and sʲ of each. Sentence 0 is the empty one.
        story: int64 ``[questions, memories]``: sentences before it, the newest first; 0 where there was none.
        question: int64 ``[questions]``: its sentence.
        answer: int64 ``[questions]``: its token, or −1 for one that no training story has.
        lengths: words of each sentence, int64 ``[sentences]``.
    """

    sentences: Tensor
    story: Tensor
    question: Tensor
    answer: Tensor
    lengths: Tensor

    def __len__(self) -> int:
        return len(self.answer)

    def select(self, index: Tensor) -> Questions:
        """The questions at the positions `index` (int64), in that order."""
        return self._with(self.story[index], self.question[index], self.answer[index])

    def take(self, n: int) -> Questions:
        """The first `n` questions, or all where there are fewer."""
        return self._with(self.story[:n], self.question[:n], self.answer[:n])

    def split(self, fraction: float) -> tuple[Questions, Questions]:
        """The last `fraction` of the questions apart from those before.

        Raises:
            InputError: one of the two parts is empty.
        """
        kept = len(self) - round(fraction * len(self))
        if not 0 < kept < len(self):
            what = f"{len(self)} questions cannot be split at {fraction}"
            raise InputError(what, where="Questions", remedy="use more questions")
        return self.take(kept), self._with(self.story[kept:], self.question[kept:], self.answer[kept:])

    def _with(self, story: Tensor, question: Tensor, answer: Tensor) -> Questions:
        return Questions(sentences=self.sentences, story=story, question=question, answer=answer, lengths=self.lengths)


def encode(stories: Sequence[Story], vocabulary: Vocabulary, *, memories: int = MEMORIES) -> Questions:
    """Questions as tensors.

    Args:
        stories: at least one, with at least one question.
        vocabulary: of the training stories.
        memories: so many of the newest sentences are kept.

    Raises:
        DataError: a word that no training story has.
    """
    number = {token: i for i, token in enumerate(vocabulary.tokens)}
    known: dict[tuple[str, ...], int] = {(): 0}
    story, question, answer = [], [], []
    for told, asked in questions(stories):
        newest = [known.setdefault(line.words, len(known)) for line in reversed(told[-memories:])]
        story.append(newest)
        question.append(known.setdefault(asked.words, len(known)))
        answer.append(number.get((asked.answer or "").lower(), -1))
    if unknown := {word for sentence in known for word in sentence} - number.keys():
        what = f"words that no training story has: {', '.join(sorted(unknown)[:5])}"
        raise DataError(what, where="bAbI", remedy="test on the task that was trained")
    longest = max(map(len, story))
    rows = torch.tensor([each + [0] * (longest - len(each)) for each in story])
    return Questions(
        sentences=torch.stack([_bags(sentence, number) for sentence in known]),
        story=rows,
        question=torch.tensor(question),
        answer=torch.tensor(answer),
        lengths=torch.tensor([len(sentence) for sentence in known]),
    )


def _bags(sentence: tuple[str, ...], number: dict[str, int]) -> Tensor:
    bags = torch.zeros(2, len(number))
    for j, word in enumerate(sentence, 1):
        bags[0, number[word]] += 1
        bags[1, number[word]] += 1 - 2 * j / len(sentence)
    return bags
