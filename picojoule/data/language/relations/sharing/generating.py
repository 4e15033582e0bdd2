"""Sentences from clauses.

A sentence has one to three clauses. A clause that tells of a relation *shares* an argument with probability ρ: several
subjects of one object, several objects of one subject, one name in two relations, or, seldom, several of both. At
ρ = 0 one pointer from each entity says everything; at ρ = 1 one pointer alone cannot, and two can nearly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import final

from picojoule.base.errors import InputError
from picojoule.data.language.relations.order import ordered
from picojoule.data.language.relations.reading import digest
from picojoule.data.language.relations.sentences import Corpus, Entity, Relation, Sentence
from picojoule.data.language.relations.sharing import clauses
from picojoule.data.language.relations.sharing.names import Names

LABELS = tuple(clauses.ARGUMENTS)
_UNRELATED, _APART, _MANY, _ALL = 0.35, 0.25, (2, 2, 3), 0.15
"""Shares of clauses without a relation, of unshared ones that name two pairs, numbers that share, and of n to m."""


@final
@dataclass(kw_only=True)
class _Draft:
    """A sentence that is being written."""

    rng: Random
    names: Names
    tokens: list[str] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)

    def say(self, words: str) -> None:
        """Plain words."""
        self.tokens += words.split()

    def name(self, kind: str) -> int:
        """A new name; its place among the entities."""
        start = len(self.tokens)
        self.tokens += self.names(kind)
        self.entities.append(Entity(start=start, stop=len(self.tokens), kind=kind))
        return len(self.entities) - 1

    def names_in_a_row(self, kind: str, number: int) -> list[int]:
        """``A``, ``A and B``, ``A , B and C``."""
        found = []
        for place in range(number):
            self.say("" if not place else "and" if place == number - 1 else ",")
            found.append(self.name(kind))
        return found

    def relate(self, label: str, subject: int, object: int) -> None:
        """One relation more."""
        self.relations.append(Relation(subject=subject, object=object, label=label))


def _related(draft: _Draft, label: str, subjects: int, objects: int) -> None:
    """A clause of a relation between so many subjects and objects."""
    kinds, numbers = dict(zip("SO", clauses.ARGUMENTS[label], strict=True)), {"S": subjects, "O": objects}
    found: dict[str, list[int]] = {}
    words = draft.rng.choice(clauses.RELATED[label]).split()
    several = next(numbers[word] > 1 for word in words if word in numbers)
    for word in words:
        if word in numbers:
            found[word] = draft.names_in_a_row(kinds[word], numbers[word])
        else:
            draft.say(word.split("|")[-1 if several else 0])
    for subject in found["S"]:
        for object in found["O"]:
            draft.relate(label, subject, object)


def _single(draft: _Draft, text: str) -> dict[str, int]:
    """A clause of single names; their places by letter."""
    found = {}
    for word in text.split():
        if word in clauses.SINGLE:
            found[word] = draft.name(clauses.SINGLE[word])
        else:
            draft.say(word)
    return found


def _pairs(draft: _Draft, text: str, held: dict[str, str]) -> None:
    """A clause of single names and the pairs of letters that each relation holds between."""
    found = _single(draft, text)
    for label, pairs in held.items():
        for subject, object in pairs.split():
            draft.relate(label, found[subject], found[object])


def _sharing(draft: _Draft) -> None:
    rng = draft.rng
    if rng.random() < _ALL:
        _related(draft, rng.choice(LABELS), 2, 2)
        return
    shapes: tuple[Callable[[], None], ...] = (
        lambda: _related(draft, rng.choice(LABELS), rng.choice(_MANY), 1),
        lambda: _related(draft, rng.choice(LABELS), 1, rng.choice(_MANY)),
        lambda: _pairs(draft, *rng.choice(clauses.BOTH)),
    )
    rng.choice(shapes)()


def _unshared(draft: _Draft) -> None:
    if draft.rng.random() < _APART:
        label, pairs, text = draft.rng.choice(clauses.APART)
        _pairs(draft, text, {label: pairs})
    else:
        _related(draft, draft.rng.choice(LABELS), 1, 1)


def sentence(rng: Random, sharing: float, name: str = "") -> Sentence:
    """One sentence.

    Args:
        rng: of every choice.
        sharing: ρ.
        name: of the sentence.
    """
    draft = _Draft(rng=rng, names=Names(rng))
    draft.say(rng.choice(clauses.BEFORE))
    for number in range(rng.choice((1, 1, 2, 2, 3))):
        draft.say(rng.choice(clauses.BETWEEN) if number else "")
        if number and rng.random() < _UNRELATED:
            _single(draft, rng.choice(clauses.UNRELATED))
        else:
            (_sharing if rng.random() < sharing else _unshared)(draft)
    draft.say(rng.choice(clauses.BEHIND))
    draft.say(".")
    parts = (tuple(each) for each in (draft.tokens, draft.entities, draft.relations))
    return ordered(Sentence(**dict(zip(("tokens", "entities", "relations"), parts, strict=True)), name=name))


def generate(*, sharing: float, train: int = 1200, valid: int = 200, test: int = 400, seed: int = 0) -> Corpus:
    """A generated data set.

    Args:
        sharing: ρ, the share of clauses with a relation that share an argument.
        train, valid, test: numbers of sentences.
        seed: of everything in it; each part draws from its own stream.

    Raises:
        InputError: ρ is no fraction, or fewer than one training or test sentence is asked for.
    """
    if not 0 <= sharing <= 1 or min(train, test) < 1 or valid < 0:
        what = f"ρ = {sharing:g} and {train}, {valid}, {test} sentences"
        raise InputError(what, where="generate", remedy="give ρ from 0 to 1, and sentences to train and to test")
    numbers = {"train": train, "valid": valid, "test": test}
    return _corpus(f"{sharing:g}", lambda rng: sharing, numbers, seed)


def mixed(*, train: int = 1200, valid: int = 200, test: int = 400, seed: int = 0) -> Corpus:
    """A generated data set in which every sentence has a ρ of its own, drawn from 0 to 1; arguments as `generate`."""
    return _corpus("mixed", lambda rng: rng.random(), {"train": train, "valid": valid, "test": test}, seed)


def _corpus(what: str, sharing: Callable[[Random], float], numbers: dict[str, int], seed: int) -> Corpus:
    parts = {}
    for part, number in numbers.items():
        rng = Random(f"{seed} {what} {part}")
        parts[part] = tuple(sentence(rng, sharing(rng), f"{part} {place}") for place in range(number))
    return Corpus(
        name=f"synthetic-sharing-{what}-seed{seed}",
        labels=LABELS,
        negative=None,
        **parts,
        sha256=digest(*(repr(each) for part in parts.values() for each in part)),
    )
