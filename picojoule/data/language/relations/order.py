"""Entities in the order of the text, and what two pointers can say of their relations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from picojoule.data.language.relations.sentences import Entity, Relation, Sentence


def place_in_text(entity: Entity) -> tuple[int, int]:
    """What entities are sorted by: their first word; of two that begin together the longer comes first."""
    return entity.start, -entity.stop


def ordered(sentence: Sentence) -> Sentence:
    """The sentence with its entities in the order of the text; relations name them by their new places."""
    old = sorted(range(len(sentence.entities)), key=lambda place: place_in_text(sentence.entities[place]))
    new = {before: after for after, before in enumerate(old)}
    relations = (Relation(subject=new[r.subject], object=new[r.object], label=r.label) for r in sentence.relations)
    entities = tuple(sentence.entities[place] for place in old)
    return replace(sentence, entities=entities, relations=tuple(relations))


def pointed(sentence: Sentence) -> tuple[dict[int, Relation], dict[int, Relation]]:
    """The relation at which each subject points, and that at which each object points; of several the last listed.

    What both together do not have is what no two pointers can say.
    """
    objects = {relation.subject: relation for relation in sentence.relations}
    subjects = {relation.object: relation for relation in sentence.relations}
    return objects, subjects


def triples(sentence: Sentence) -> set[tuple[int, str, int]]:
    """The relations as (subject, label, object)."""
    return {(each.subject, each.label, each.object) for each in sentence.relations}


def ceiling(sentences: Iterable[Sentence]) -> dict[str, float]:
    """Recall that perfect pointers reach: forward, backward, and both together."""
    kept, sought = {"forward": 0, "backward": 0, "union": 0}, 0
    for each in sentences:
        objects, subjects = (set(found.values()) for found in pointed(each))
        for name, found in (("forward", objects), ("backward", subjects), ("union", objects | subjects)):
            kept[name] += len(found)
        sought += len(set(each.relations))
    return {name: found / sought if sought else 1.0 for name, found in kept.items()}
