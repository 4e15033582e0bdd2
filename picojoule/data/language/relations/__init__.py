"""Sentences with entities and relations: values, marks, spans that survive nesting, and readers of the public files."""

from picojoule.data.language.relations.markers import FORMS, Marked, mark
from picojoule.data.language.relations.sentences import Corpus, Entity, Relation, Sentence, pair
from picojoule.data.language.relations.spans import Bracket, Bracketed, bracket

__all__ = [
    "FORMS",
    "Bracket",
    "Bracketed",
    "Corpus",
    "Entity",
    "Marked",
    "Relation",
    "Sentence",
    "bracket",
    "mark",
    "pair",
]
