"""Sentences as values: words, what is named in them, and what holds between what is named.

Places are those of words, from 0; a span is the words start … stop − 1. Spans may be nested, may cross, may be equal.
One value serves both tasks: in relation *classification* a sentence has two entities and one relation between them; in
*joint* extraction it has as many of both as there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import final

from picojoule.base.errors import DataError


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """Something that is named: the words start … stop − 1.

    Attributes:
        start, stop: first word, and the one behind the last.
        kind: its type, such as ``PERSON``; empty where the data has no types.
    """

    start: int
    stop: int
    kind: str = ""

    @property
    def span(self) -> tuple[int, int]:
        """(start, stop)."""
        return self.start, self.stop

    def __len__(self) -> int:
        return self.stop - self.start


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """The entity number `subject` stands in relation `label` to the entity number `object`, both from 0."""

    subject: int
    object: int
    label: str


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """Words with entities and relations.

    Attributes:
        tokens: the words, at least one.
        entities: in any order; relations name them by their place here.
        relations: each at most once.
        name: its id in the data set; empty where it has none.

    Raises:
        DataError: no word, an entity outside the words or without any, or a relation of an entity that is not there.
    """

    tokens: tuple[str, ...]
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        if not self.tokens:
            raise _wrong("a sentence without a word", "leave it out")
        for each in self.entities:
            if not 0 <= each.start < each.stop <= len(self.tokens):
                what = f"an entity of the words {each.start} … {each.stop - 1} in a sentence of {len(self.tokens)}"
                raise _wrong(what, "count words from 0, and the end of a span as its format does")
        for each in self.relations:
            if not (0 <= each.subject < len(self.entities) and 0 <= each.object < len(self.entities)):
                what = f"a relation of entities {each.subject} and {each.object} where there are {len(self.entities)}"
                raise _wrong(what, "count entities from 0")

    def words(self, entity: Entity) -> tuple[str, ...]:
        """The words of an entity."""
        return self.tokens[entity.start : entity.stop]

    @property
    def pair(self) -> tuple[Entity, Entity]:
        """Subject and object of the only relation.

        Raises:
            DataError: there is none, or there are several.
        """
        if len(self.relations) != 1:
            raise _wrong(f"{len(self.relations)} relations where there has to be one", "give one pair a sentence")
        (only,) = self.relations
        return self.entities[only.subject], self.entities[only.object]

    @property
    def label(self) -> str:
        """The only relation's; errors as for :attr:`pair`."""
        assert self.pair
        return self.relations[0].label

    def labelled(self, label: str) -> Sentence:
        """The same sentence with another label of its only relation."""
        assert self.pair
        return replace(self, relations=(replace(self.relations[0], label=label),))


def pair(tokens: Iterable[str], subject: Entity, object: Entity, label: str, *, name: str = "") -> Sentence:
    """A sentence of relation classification: two entities and what holds from the first to the second.

    Raises:
        DataError: as for :class:`Sentence`.
    """
    relations = (Relation(subject=0, object=1, label=label),)
    return Sentence(tokens=tuple(tokens), entities=(subject, object), relations=relations, name=name)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Corpus:
    """A data set of sentences with relations.

    Attributes:
        name: for tables.
        labels: of relations, in the order of their numbers.
        negative: the label that says that there is no relation; None where the data has none.
        train, valid, test: sentences; `valid` may be empty, and is then split from `train` by who uses it.
        sha256: of what they were read from, or of how they were made.

    Raises:
        DataError: a sentence has a label that is none of `labels`, or `negative` is none.
    """

    name: str
    labels: tuple[str, ...]
    negative: str | None
    train: tuple[Sentence, ...]
    valid: tuple[Sentence, ...]
    test: tuple[Sentence, ...]
    sha256: str

    def __post_init__(self) -> None:
        known = set(self.labels)
        if self.negative is not None and self.negative not in known:
            raise _wrong(f"the negative label {self.negative!r} is no label", "name one of the labels")
        for each in (*self.train, *self.valid, *self.test):
            require_known((relation.label for relation in each.relations), known, where=each.name or self.name)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Types of the entities in the training sentences, sorted."""
        return tuple(sorted({entity.kind for sentence in self.train for entity in sentence.entities}))

    def summary(self) -> dict[str, str | int]:
        """The entry ``data`` of ``result.json``."""
        sizes = {part: len(getattr(self, part)) for part in ("train", "valid", "test")}
        return {"name": self.name, **sizes, "sha256": self.sha256}


def require_known(found: Iterable[str], known: Iterable[str], *, where: str) -> None:
    """Nothing, where every label found is known.

    Raises:
        DataError: one is not.
    """
    known = set(known)
    for label in found:
        if label not in known:
            some = ", ".join(sorted(known)[:6]) + (", …" if len(known) > 6 else "")
            raise DataError(f"the label {label!r} is not known", where=where, remedy=f"use one of {some}")


def _wrong(what: str, remedy: str) -> DataError:
    return DataError(what, where="sentence", remedy=remedy)
