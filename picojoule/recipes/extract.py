"""Relations between marked entities, by a trained network: a table, JSON and a drawn graph."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from picojoule.base.errors import DataError, InputError
from picojoule.base.units import percent
from picojoule.data.language.lines import text_of
from picojoule.data.language.relations import Sentence, marked_text
from picojoule.data.language.relations.joint import sentences_of
from picojoule.data.language.relations.order import triples
from picojoule.metrics.triples import Score, micro
from picojoule.models.language.pointing import Linker
from picojoule.reports.graph import Edge, Node, graph

_CLOSE = re.compile(r" ([.,;:!?)’'])")
"""What stands close to the word before it."""


@final
@dataclass(frozen=True, kw_only=True)
class Found:
    """One relation.

    Attributes:
        sentence: its number, from 0.
        subject, object: places of the entities in it, in the order of the text.
        label: what holds from subject to object.
        probability: by the decoder that is surer.
        decoder: which: pointers to objects or to subjects.
    """

    sentence: int
    subject: int
    object: int
    label: str
    probability: float
    decoder: str


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Extraction:
    """What was found in a text.

    Attributes:
        sentences: those with entities.
        found: relations, sentence by sentence.
        score: against the relations that the file has itself; None where it has none.
    """

    sentences: tuple[Sentence, ...]
    found: tuple[Found, ...]
    score: Score | None = None

    def words(self, sentence: int, entity: int) -> str:
        """An entity as it stands in the text."""
        given = self.sentences[sentence]
        return _CLOSE.sub(r"\1", " ".join(given.words(given.entities[entity])))

    def png(self) -> bytes:
        """The relations as a graph: entities of one name and type are one node."""
        nodes: dict[Node, int] = {}
        for number, sentence in enumerate(self.sentences):
            for place, entity in enumerate(sentence.entities):
                nodes.setdefault(Node(self.words(number, place), entity.kind), len(nodes))
        edges = [Edge(*(nodes[self._node(each.sentence, end)] for end in (each.subject, each.object)), each.label)
                 for each in self.found]  # fmt: skip
        return graph(list(nodes), list(dict.fromkeys(edges)))

    def to_json(self) -> str:
        """Every relation with the words and types of its entities, and the score where there is one."""
        rows = [
            {
                "sentence": each.sentence,
                "subject": self._told(each.sentence, each.subject),
                "relation": each.label,
                "object": self._told(each.sentence, each.object),
                "probability": round(each.probability, 4),
                "decoder": each.decoder,
            }
            for each in self.found
        ]
        scored = {"f1": round(self.score.f1, 4)} if self.score else {}
        return json.dumps({"sentences": len(self.sentences), **scored, "relations": rows}, indent=1, ensure_ascii=False)

    def __str__(self) -> str:
        cells = [("subject", "relation", "object", "probability")]
        for each in self.found:
            ends = (self._node(each.sentence, end) for end in (each.subject, each.object))
            subject, object = (f"{name} ({kind})" if kind else name for name, kind in ends)
            cells.append((subject, each.label, object, f"{each.probability:.2f}"))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                 for row in cells]  # fmt: skip
        told = lines if self.found else ["no relation"]
        scored = [f"F1 {percent(self.score.f1)} against the relations in the file"] if self.score else []
        return "\n".join([*told, *scored])

    def _node(self, sentence: int, entity: int) -> Node:
        return Node(self.words(sentence, entity), self.sentences[sentence].entities[entity].kind)

    def _told(self, sentence: int, entity: int) -> dict[str, object]:
        given = self.sentences[sentence].entities[entity]
        return {"text": self.words(sentence, entity), "type": given.kind, "start": given.start, "stop": given.stop}


def extract(path: Path | str, linker: Linker, *, threshold: float = 0.0) -> Extraction:
    """Link the entities of a file.

    Args:
        path: text with marked entities (:mod:`picojoule.data.language.relations.marked_text`), or JSON in one of the
            formats of :mod:`picojoule.data.language.relations.joint`.
        linker: a trained network.
        threshold: least probability of a relation.

    Raises:
        InputError: no such file, or a threshold that is no probability.
        DataError: no entity is marked, or as the readers; a type that the network does not know.
    """
    if not 0 <= threshold <= 1:
        raise InputError(f"{threshold:g} is no probability", where="--threshold", remedy="give a number from 0 to 1")
    sentences = _read(Path(path))
    labels = linker.model.form.labels
    found = [
        Found(sentence=number, subject=link.subject, object=link.object, label=labels[link.label],
              probability=link.probability, decoder=link.decoder)
        for number, links in enumerate(linker(sentences)) for link in links if link.probability >= threshold
    ]  # fmt: skip
    return Extraction(sentences=sentences, found=tuple(found), score=_score(sentences, found))


def _read(path: Path) -> tuple[Sentence, ...]:
    """The sentences of a file with entities in them: JSON where it begins as such, else text."""
    start = text_of(path).lstrip()
    if not (start.startswith("{") or (start.startswith("[") and start[1:].lstrip().startswith(("{", "]")))):
        return marked_text.read(path)
    found = tuple(sentence for _, sentence in sentences_of(path) if sentence.entities)
    if not found:
        raise DataError("no sentence has an entity", where=str(path), remedy="give sentences with their entities")
    return found


def _score(sentences: Sequence[Sentence], found: Sequence[Found]) -> Score | None:
    if not any(each.relations for each in sentences):
        return None
    answers: list[set[tuple[int, str, int]]] = [set() for _ in sentences]
    for each in found:
        answers[each.sentence].add((each.subject, each.label, each.object))
    return micro(answers, [triples(each) for each in sentences])
