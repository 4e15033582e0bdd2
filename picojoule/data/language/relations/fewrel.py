"""FewRel: sentences of Wikipedia and elsewhere with two entities each, the same number for every relation.

::

    *.json               {"P177": [{"tokens": ["Wilton", …], "h": ["wilton bridge", "Q…", [[0, 1]]], "t": […]}, …], …}
    *.jsonl, *.jsonl.gz  {"source": "val_wiki", "relation": "P177", "tokens": […], "h": ["wilton bridge", [0, 1]], …}

Of several mentions of an entity the first counts. The data set is for learning from few examples and has neither a test
part with its relations nor a negative class; here each relation's sentences are split by chance. Cite key ``han2018``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from picojoule.base.errors import DataError
from picojoule.data.language.lines import items
from picojoule.data.language.relations.reading import at, digest, text_in, whole, words_of
from picojoule.data.language.relations.sentences import Corpus, Entity, Sentence, pair

PACKED = "fewrel_val.jsonl.gz"
_SHARES = (0.7, 0.1)
"""Of training and validation; the rest is for testing."""


def load(path: Path | str, *, source: str = "val_wiki", seed: int = 0) -> Corpus:
    """The sentences, of each relation 70 % to train, 10 % to validate, 20 % to test.

    Args:
        path: a file as above, or a folder with one named ``fewrel_val.jsonl.gz``.
        source: which of the sources in a file of JSON lines.
        seed: of the split.

    Raises:
        InputError: there is no such file.
        DataError: a damaged file, a span outside its sentence, or no sentence of that source; names file and line.
    """
    path = Path(path)
    path = path / PACKED if path.is_dir() else path
    found = _nested(path) if path.suffix == ".json" else _lines(path, source)
    by_label: dict[str, list[Sentence]] = {}
    for where, label, row in found:
        with at(where):
            by_label.setdefault(label, []).append(_sentence(row, label))
    if not by_label:
        raise DataError(f"no sentence of {source!r}", where=str(path), remedy="give one of the sources in the file")
    train, valid, test = _split(by_label, seed)
    every = (repr(each) for part in (train, valid, test) for each in part)
    return Corpus(
        name=f"fewrel {source}",
        labels=tuple(sorted(by_label)),
        negative=None,
        train=train,
        valid=valid,
        test=test,
        sha256=digest(*every),
    )


def _sentence(row: Mapping[str, Any], label: str) -> Sentence:
    head, tail = (_entity(row[role][-1]) for role in ("h", "t"))
    return pair(words_of(row["tokens"]), head, tail, label)


def _entity(places: Sequence[Any]) -> Entity:
    """From the places of its words, or those of each of its mentions."""
    first = places[0] if isinstance(places[0], list) else places
    if not all(type(each) is int for each in first) or any(b - a != 1 for a, b in pairwise(first)):
        raise DataError(f"the words {first} are not in a row", where="entity", remedy="give neighbours in order")
    return Entity(start=first[0], stop=first[-1] + 1)


_Row = tuple[str, str, Mapping[str, Any]]


def _lines(path: Path, source: str) -> Iterator[_Row]:
    for where, row in items(path):
        with at(where):
            named, label = text_in(row, "source"), text_in(row, "relation")
        if named == source:
            yield where, label, row


def _nested(path: Path) -> Iterator[_Row]:
    """The published file is one object on one line; a sentence is named by its relation and its place there."""
    for label, rows in whole(path).items():
        for number, row in enumerate(rows if isinstance(rows, list) else [rows]):
            yield f"{path}:1 {label}[{number}]", label, row


def _split(by_label: Mapping[str, Sequence[Sentence]], seed: int) -> tuple[tuple[Sentence, ...], ...]:
    parts: tuple[list[Sentence], ...] = ([], [], [])
    generator = torch.Generator().manual_seed(seed)
    for label in sorted(by_label):
        sentences = by_label[label]
        order = torch.randperm(len(sentences), generator=generator).tolist()
        first = round(_SHARES[0] * len(order))
        second = first + round(_SHARES[1] * len(order))
        for part, places in zip(parts, (order[:first], order[first:second], order[second:]), strict=True):
            part += [sentences[place] for place in places]
    return tuple(map(tuple, parts))
