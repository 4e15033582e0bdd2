"""Text in which entities are marked: ``[Ann](Peop) works for [X](Org).``

A sentence ends at an empty line, or at a full stop, question or exclamation mark before a capital or a mark; not behind
one or two letters, as in ``Dr. Smith``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from picojoule.base.errors import DataError
from picojoule.data.language.lines import text_of
from picojoule.data.language.relations.sentences import Entity, Sentence

_MARK = re.compile(r"\[([^\[\]]*)\]\(([^()\[\]]*)\)")
_WORDS = re.compile(r"\w+(?:['’.-]\w+)*|[^\w\s]")
_END = re.compile(r"(?<=\w{3}[.!?])\s+(?=[\[A-Z“\"])|(?<=\)[.!?])\s+(?=[\[A-Z“\"])|\n\s*\n")
EXAMPLE = "[Ann](Peop) works for [X](Org)."


def read(path: Path | str) -> tuple[Sentence, ...]:
    """The sentences of a file that have marked entities; each is named file:line.

    Raises:
        InputError: there is no such file.
        DataError: no entity is marked, or a mark lacks its words or its type.
    """
    found = tuple(each for each in _sentences(text_of(Path(path)), str(path)) if each.entities)
    if not found:
        raise DataError(
            "no entity is marked in this text",
            where=str(path),
            remedy=f"mark entities as in {EXAMPLE} or give JSON: the network links entities and does not find them",
        )
    return found


def _sentences(text: str, where: str) -> Iterator[Sentence]:
    start = 0
    for end in (*(match.span() for match in _END.finditer(text)), (len(text), len(text))):
        piece = text[start : end[0]]
        line = 1 + text.count("\n", 0, start + len(piece) - len(piece.lstrip()))
        if piece.strip():
            yield _sentence(piece, f"{where}:{line}")
        start = end[1]


def _sentence(text: str, where: str) -> Sentence:
    tokens: list[str] = []
    entities: list[Entity] = []
    at = 0
    for mark in _MARK.finditer(text):
        tokens += _WORDS.findall(text[at : mark.start()])
        words, kind = _WORDS.findall(mark[1]), mark[2].strip()
        if not words or not kind:
            missing = "words" if not words else "type"
            raise DataError(f"the mark {mark[0]!r} has no {missing}", where=where, remedy=f"write it as in {EXAMPLE}")
        entities.append(Entity(start=len(tokens), stop=len(tokens) + len(words), kind=kind))
        tokens += words
        at = mark.end()
    tokens += _WORDS.findall(text[at:])
    return Sentence(tokens=tuple(tokens), entities=tuple(entities), name=where)
