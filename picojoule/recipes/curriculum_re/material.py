"""The sentences a recipe works on: generated, or the user's; and wrong labels where they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from picojoule.base.errors import InputError
from picojoule.data.language.relations import opening
from picojoule.data.language.relations.generating import Generated, generate
from picojoule.data.language.relations.sentences import Corpus, Sentence
from picojoule.metrics.relation_classes import Score, groups_of, macro_f1, micro_f1
from picojoule.recipes.curriculum_re.conditions import Size
from picojoule.recipes.curriculum_re.encoders import Encoder
from picojoule.recipes.curriculum_re.training import Task
from picojoule.recipes.settings import Settings

_VALID = 1 / 8
"""Share of the training sentences that validates where a data set has none for it."""


def obtain(settings: Settings, size: Size) -> tuple[Corpus, Generated | None]:
    """The corpus, and what is known of a generated one.

    Raises:
        InputError: the full mode was asked for without data.
        DataError: the data cannot be read.
    """
    if settings.mode == "full" and settings.data is None:
        remedy = "give the folder of TACRED, Re-TACRED or SemEval-2010 task 8, or a file of FewRel, with --data"
        raise InputError("the full mode has no data", where="--full", remedy=remedy)
    if settings.data is None or settings.mode == "smoke":
        test = min(size.test, settings.limit or size.test)
        made = generate(train=size.train, valid=size.valid, test=test, noise=size.noise, seed=settings.seed)
        return made.corpus, made
    corpus = with_validation(opening.load(settings.data), settings.seed)
    return replace(corpus, test=corpus.test[: settings.limit]), None


def with_validation(corpus: Corpus, seed: int) -> Corpus:
    """The corpus with validation sentences; where it has none, an eighth of the training sentences."""
    if corpus.valid:
        return corpus
    order = list(range(len(corpus.train)))
    Random(f"{seed} validation").shuffle(order)
    cut = max(1, round(_VALID * len(order)))
    valid, train = (tuple(corpus.train[place] for place in part) for part in (order[:cut], order[cut:]))
    return replace(corpus, train=train, valid=valid)


def mislabelled(sentences: Sequence[Sentence], labels: Sequence[str], share: float, seed: int) -> tuple[Sentence, ...]:
    """The same sentences, so many of them with another label, drawn from all others."""
    draw = Random(f"{seed} wrong labels {share}")
    chosen = set(draw.sample(range(len(sentences)), round(share * len(sentences))))
    return tuple(
        each.labelled(draw.choice([label for label in labels if label != each.label])) if place in chosen else each
        for place, each in enumerate(sentences)
    )


def task_of(corpus: Corpus, encoder: Encoder) -> Task:
    """The sentences as numbers for an encoder."""
    parts = {part: encoder.encoding(getattr(corpus, part), corpus.labels) for part in ("train", "valid", "test")}
    return Task(**parts, classes=len(corpus.labels), score=score_of(corpus))


def score_of(corpus: Corpus) -> Score:
    """SemEval's official F1 where labels have directions, else micro-F1 without the negative label, if there is one."""
    if any(label.endswith("(e1,e2)") for label in corpus.labels):
        groups = groups_of(corpus.labels, negative=corpus.negative or "")
        return lambda M: macro_f1(M, groups)
    negative = corpus.labels.index(corpus.negative) if corpus.negative is not None else None
    return lambda M: micro_f1(M, negative=negative)
