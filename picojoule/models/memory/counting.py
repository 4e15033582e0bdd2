"""What a memory network does for one question, as actions that a profile prices.

With L memories of W words in all, a question of w words, E values, K hops and V tokens::

    embed    2·(W + L)·E + w·E additions (multiply-accumulates with position encoding), for each weight format once
    hop      L·E products of the similarity, L exponentials, L divisions, L·E products of the read, E² of H, E additions
    answer   V·E multiply-accumulates, and V comparisons priced as additions

Softmax and the answer stay in fp32 in every form, as in the released code. Bytes are those of weights and memories that
are read, and of memories that are written, each as often as it is used.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import fmean
from typing import final

from picojoule.data.language.babi import Questions
from picojoule.models.memory.memn2n import Form


@final
@dataclass(frozen=True, kw_only=True)
class Load:
    """A question on average: memories, their words, and its own words."""

    memories: float
    words: float
    asked: float

    @staticmethod
    def of(questions: Questions) -> Load:
        """The mean over questions."""
        told = questions.story > 0
        lengths = questions.lengths[questions.story]
        return Load(
            memories=float(told.sum(1).double().mean()),
            words=float((lengths * told).sum(1).double().mean()),
            asked=float(questions.lengths[questions.question].double().mean()),
        )

    @staticmethod
    def mean(loads: list[Load]) -> Load:
        """The mean over tasks."""
        return Load(**{name: fmean(getattr(each, name) for each in loads) for name in ("memories", "words", "asked")})


@final
@dataclass(frozen=True, kw_only=True)
class Width:
    """What an arithmetic's steps are priced as.

    Attributes:
        number: ``fp32`` or ``int8``.
        bits: in which it is stored.
        similarity: action of one product of the similarity.
        weight: action of one product with H or with a placed word; of ±1 weights an addition.
        formats: different weight formats over the hops, each with memories of its own.
    """

    number: str
    bits: int
    similarity: str
    weight: str
    formats: int = 1


FP32 = Width(number="fp32", bits=32, similarity="mac_fp32", weight="mac_fp32")
INT8 = Width(number="int8", bits=8, similarity="mac_int8", weight="mac_int8")
HAMMING8 = Width(number="int8", bits=8, similarity="xnor_int8", weight="mac_int8")
MQ8 = Width(number="int8", bits=8, similarity="xnor_int8", weight="mac_int8", formats=3)
BINARY = Width(number="int8", bits=8, similarity="mac_int8", weight="add_int8")
BINARY_HAMMING = Width(number="int8", bits=8, similarity="xnor_int8", weight="add_int8")


def actions(form: Form, load: Load, width: Width, *, quantised_only: bool = False) -> dict[str, float]:
    """Actions of one question on average.

    Args:
        form: of the network.
        load: of the questions.
        width: of the arithmetic.
        quantised_only: leave out softmax and answer, which no form quantises.
    """
    e, k = form.embedding, form.hops
    embedded = (2 * width.formats * (load.words + load.memories) + load.asked) * e
    tally: Counter[str] = Counter()
    tally[width.weight if form.positions else f"add_{width.number}"] += embedded
    tally[width.similarity] += k * load.memories * e
    tally[f"mac_{width.number}"] += k * load.memories * e
    h = k * e * e if form.tying == "layer-wise" else 0
    tally[width.weight] += h
    tally[f"add_{width.number}"] += k * e
    value = width.bits / 8
    held = load.memories * e * 2
    tally["sram_byte"] += value * (embedded + width.formats * held + k * held + h)
    if not quantised_only:
        tally["exp_fp32"] += k * load.memories
        tally["div_fp32"] += k * load.memories
        tally["mac_fp32"] += form.tokens * e
        tally["add_fp32"] += form.tokens
        tally["sram_byte"] += 4 * form.tokens * e
    return dict(tally)


def arithmetic(tally: dict[str, float]) -> dict[str, float]:
    """The actions without those of memory, as papers count."""
    return {name: number for name, number in tally.items() if name != "sram_byte"}
