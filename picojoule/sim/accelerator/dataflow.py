"""The dataflow bit by bit: input & write, memory, read, output, for many questions at once.

::

    INPUT & WRITE   m_i, c_i, u¹: rows of the embedding memories added up, word by word, saturating
    MEM             z_i = dot(m_i, u)/32 read as Q12.19;  e_i = exp(z_i − max z);  p_i = e_i/Σe;  o = Σ_i p_i·c_i
    READ            h = 32·dot(H, u)/32, at the same time
    CONTROL         u ← o + h, K times
    OUTPUT          y_r = dot(W_r, u)/32 one row after the other, with a running maximum

Embeddings have at most 32 values; fewer are filled up with zeros. Memories whose exponential is zero add nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError
from picojoule.sim.accelerator import numbers
from picojoule.sim.accelerator.numbers import LANES, TREE_STAGES, Codes, code


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """What is in the circuit's memories, as codes.

    Attributes:
        address, content: ``[tokens + ages, 32]``: a row a word, then a row an age.
        question: ``[tokens, 32]``.
        h: ``[32, 32]``: H[out, in].
        answer: ``[rows, 32]``.
        hops: K.
    """

    address: Codes
    content: Codes
    question: Codes
    h: Codes
    answer: Codes
    hops: int

    @staticmethod
    def of(
        address: NDArray[np.floating],
        content: NDArray[np.floating],
        question: NDArray[np.floating],
        h: NDArray[np.floating],
        answer: NDArray[np.floating],
        hops: int,
    ) -> Weights:
        """From numbers; shapes as above with E ≤ 32 columns.

        Raises:
            InputError: more than 32 values.
        """
        if address.shape[1] > LANES:
            what = f"embeddings of {address.shape[1]} values"
            raise InputError(
                what, where="accelerator", remedy=f"it has {LANES} lanes: train a network of at most so many"
            )

        def rows(x: NDArray[np.floating]) -> Codes:
            return code(np.pad(x, ((0, 0), (0, LANES - x.shape[1]))))

        square = np.pad(h, ((0, LANES - h.shape[0]), (0, 0)))
        return Weights(
            address=rows(address), content=rows(content), question=rows(question), h=rows(square), answer=rows(answer),
            hops=hops,
        )  # fmt: skip


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Answered:
    """What the circuit found.

    Attributes:
        logits: W·u/32 of every row, codes ``[questions, rows]``.
        attention: p of every hop, codes ``[hops, questions, memories]``.
        attended: share of the memories there are whose attention is above zero; the read could skip the others.
        saturated: additions that saturated in the embeddings.
    """

    logits: Codes
    attention: Codes
    attended: float
    saturated: int

    @property
    def decisions(self) -> NDArray[np.int64]:
        """The row of the largest logit, the first of several alike."""
        return self.logits.argmax(1)


def run(
    weights: Weights,
    story: NDArray[np.int64],
    question: NDArray[np.int64],
    told: NDArray[np.bool_],
) -> Answered:
    """Answer questions.

    Args:
        weights: of the network.
        story: words of each memory, the newest memory first, ``[questions, memories, words]``; −1 is no word.
        question: ``[questions, words]``, likewise.
        told: ``[questions, memories]``: where there is a memory.
    """
    tokens = len(weights.question)
    ages = np.arange(story.shape[1])
    words = np.concatenate([story, np.broadcast_to(tokens + ages[:, None], (*story.shape[:2], 1))], 2)
    words = np.where(told[..., None], words, -1)
    m, lost_m = _embed(weights.address, words)
    c, lost_c = _embed(weights.content, words)
    u, lost_u = _embed(weights.question, question)
    found = []
    for _ in range(weights.hops):
        p = _attend(numbers.dot(m, u[:, None]), told)
        found.append(p)
        o = _read(p, c)
        h = numbers.wrap(numbers.dot(weights.h, u[:, None]) << TREE_STAGES)
        u = numbers.add(o, h)
    attention = np.stack(found)
    return Answered(
        logits=numbers.dot(weights.answer, u[:, None]),
        attention=attention,
        attended=float((attention > 0).sum() / (weights.hops * told.sum())),
        saturated=lost_m + lost_c + lost_u,
    )


def _embed(table: Codes, words: NDArray[np.int64]) -> tuple[Codes, int]:
    """Rows added one by one, and how many additions saturated."""
    table = np.concatenate([table, np.zeros((1, LANES), np.int64)])  # −1: nothing
    total, saturated = np.zeros((*words.shape[:-1], LANES), np.int64), 0
    for j in range(words.shape[-1]):
        exact = total + table[words[..., j]]
        total = numbers.add(total, table[words[..., j]])
        saturated += int((exact != total).sum())
    return total, saturated


def _attend(z: Codes, told: NDArray[np.bool_]) -> Codes:
    """Attention in Q7.24; z in Q12.19."""
    lowest = np.iinfo(np.int32).min
    z = np.where(told, z, lowest)
    apart = np.maximum(z - z.max(1, keepdims=True), lowest)
    e = np.where(told, numbers.exponential(apart), 0)
    return numbers.divide(e, np.maximum(e.sum(1, keepdims=True), 1))


def _read(p: Codes, c: Codes) -> Codes:
    """Σ_i p_i·c_i, one memory after the other in 32 accumulators that saturate."""
    total = np.zeros((len(c), LANES), np.int64)
    for i in range(c.shape[1]):
        total = numbers.add(total, numbers.multiply(p[:, i, None], c[:, i]))
    return total
