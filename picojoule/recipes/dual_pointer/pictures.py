"""One sentence in which relations share arguments, as each pointer sees it."""

from __future__ import annotations

from picojoule.data.language.relations import Sentence
from picojoule.data.language.relations.order import pointed, triples
from picojoule.metrics.triples import Triple
from picojoule.recipes.dual_pointer.networks import Answers, Bench
from picojoule.recipes.dual_pointer.plan import IN_PLACE, PLACED_OBJECTS, PLACED_SUBJECTS
from picojoule.reports.graph import Edge, Node, graph

_MOST = 7
"""Entities of the sentence that is drawn."""


def pictures(bench: Bench, answers: dict[str, list[Answers]]) -> dict[str, bytes]:
    """Graphs of the first test sentence that one pointer alone cannot tell, and of what was said about it."""
    test = bench.task.corpus.test
    telling = [place for place, each in enumerate(test) if _needs_both(each)]
    if not telling:
        return {}
    place = telling[0]
    sentence = test[place]
    said = {"true relations": triples(sentence)}
    said |= {system.name: answers[system.name][0][place] for system in (PLACED_OBJECTS, PLACED_SUBJECTS, IN_PLACE)}
    return {
        f"{name} in “{' '.join(sentence.tokens)}”"[:160]: _drawn(sentence, found, bench.form.labels)
        for name, found in said.items()
    }


def _needs_both(sentence: Sentence) -> bool:
    objects, subjects = (set(found.values()) for found in pointed(sentence))
    whole = set(sentence.relations)
    return objects | subjects == whole and whole not in (objects, subjects) and len(sentence.entities) <= _MOST


def _drawn(sentence: Sentence, found: set[Triple], labels: tuple[str, ...]) -> bytes:
    nodes = [Node(" ".join(sentence.words(each)), each.kind) for each in sentence.entities]
    return graph(nodes, [Edge(subject, object, label) for subject, label, object in sorted(found)], labels)
