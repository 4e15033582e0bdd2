"""Generated sentences whose difficulty, and whose true label, are known.

Seven in ten have no relation: they are neutral, deny one, or mark an entity that only stands beside it. Types alone do
not tell: every pair of types occurs with and without a relation. Wrong labels, where asked for, gather in hard
sentences, and are of relations between the same types, or of none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import final

from picojoule.base.errors import InputError
from picojoule.data.language.relations.names import NAMES
from picojoule.data.language.relations.reading import digest
from picojoule.data.language.relations.sentences import Corpus, Entity, Sentence, pair
from picojoule.data.language.relations.templates import ASIDES, DENIED, LEVELS, NEUTRAL, RELATIONS, TEMPLATES

NEGATIVE = "no_relation"
LABELS = (NEGATIVE, *RELATIONS)
_NEGATIVES = 0.7
_LEVELS = (0.3, 0.3, 0.25, 0.15)
"""Share of sentences of each level."""
_NOISE = (1.0, 2.0, 4.0, 6.0)
"""How much likelier a wrong label is at each level."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Generated:
    """A data set with what is usually unknown.

    Attributes:
        corpus: its training labels may be wrong; those of validation and test are true.
        levels: of each training sentence, 0 to 3.
        truths: the true label of each training sentence.
    """

    corpus: Corpus
    levels: tuple[int, ...]
    truths: tuple[str, ...]

    @property
    def wrong(self) -> tuple[bool, ...]:
        """Whether each training label is wrong."""
        return tuple(each.label != truth for each, truth in zip(self.corpus.train, self.truths, strict=True))


def generate(*, train: int, valid: int, test: int, noise: float = 0.0, seed: int = 0) -> Generated:
    """Sentences of known difficulty.

    Args:
        train, valid, test: how many.
        noise: share of the training labels that is wrong.
        seed: of everything. Sentences do not depend on `noise`.

    Raises:
        InputError: no sentence, or a share outside 0 … 0.5.
    """
    if min(train, valid, test) < 1 or not 0 <= noise <= 0.5:
        what = f"{train}, {valid} and {test} sentences with {noise:g} wrong labels"
        raise InputError(what, where="generate", remedy="give 1 or more of each, and a share from 0 to 0.5")
    parts = {}
    for name, count in (("train", train), ("valid", valid), ("test", test)):
        draw = Random(f"{seed} {name}")
        parts[name] = [_sentence(draw) for _ in range(count)]
    levels, truths = zip(*((level, each.label) for level, each in parts["train"]), strict=True)
    sentences = {name: tuple(each for _, each in made) for name, made in parts.items()}
    sentences["train"] = _mislabelled(sentences["train"], levels, noise, Random(f"{seed} noise"))
    corpus = Corpus(
        name=f"synthetic sentences, {noise:.0%} wrong labels",
        labels=LABELS,
        negative=NEGATIVE,
        **sentences,
        sha256=digest(*(repr(each) for made in sentences.values() for each in made)),
    )
    return Generated(corpus=corpus, levels=levels, truths=truths)


def _sentence(draw: Random) -> tuple[int, Sentence]:
    """A sentence and its level."""
    (level,) = draw.choices(range(LEVELS), _LEVELS)
    relation = draw.choice(list(RELATIONS))
    subject, object = RELATIONS[relation]
    if draw.random() >= _NEGATIVES:
        return level, _written(draw, draw.choice(TEMPLATES[relation][level]), subject, object, relation)
    if level == 2 and draw.random() < 0.5:
        return level, _beside(draw, relation)
    denies = level == 3 and draw.random() < 0.7
    templates = DENIED[relation] if denies else NEUTRAL[level]
    return level, _written(draw, draw.choice(templates), subject, object, NEGATIVE)


def _beside(draw: Random, relation: str) -> Sentence:
    """The other entity on the way is marked in the place of the true object."""
    subject, object = RELATIONS[relation]
    other, template = f"{{{object}}}", TEMPLATES[relation][2][-1]
    turned = template.replace("{o}", "{x}").replace(other, "{o}").replace("{x}", other)
    return _written(draw, turned, subject, object, NEGATIVE)


def _written(draw: Random, template: str, subject: str, object: str, label: str) -> Sentence:
    kinds = {"s": subject, "o": object}
    words: list[str] = []
    spans: dict[str, Entity] = {}
    for word in _surrounded(draw, template).split():
        slot = re.fullmatch(r"\{(\w+)\}", word)
        if slot is None:
            words.append(word)
            continue
        kind = kinds.get(slot[1], slot[1])
        name = NAMES[kind](draw).split()
        spans[slot[1]] = Entity(start=len(words), stop=len(words) + len(name), kind=kind)
        words += name
    return pair(words, spans["s"], spans["o"], label)


def _surrounded(draw: Random, template: str) -> str:
    """Perhaps with an aside before or behind it."""
    body, chance = template.removesuffix(" ."), draw.random()
    if chance < 0.25:
        return f"{draw.choice(ASIDES)} , {body} ."
    return f"{body} , {draw.choice(ASIDES)} ." if chance < 0.5 else template


def _mislabelled(
    sentences: Sequence[Sentence], levels: Sequence[int], noise: float, draw: Random
) -> tuple[Sentence, ...]:
    """Exactly the share `noise` with another label that fits their types; hard ones are likelier to be chosen."""
    keys = [draw.random() ** (1 / _NOISE[level]) for level in levels]
    chosen = sorted(range(len(keys)), key=keys.__getitem__, reverse=True)[: round(noise * len(keys))]
    found = list(sentences)
    for place in chosen:
        one = found[place]
        kinds = tuple(each.kind for each in one.pair)
        fitting = [label for label, types in RELATIONS.items() if types == kinds]
        found[place] = one.labelled(draw.choice([label for label in (NEGATIVE, *fitting) if label != one.label]))
    return tuple(found)
