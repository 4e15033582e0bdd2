"""Readers of data for joint extraction: sentences with any number of entities and relations.

::

    packed    {"split": "train", "tokens": ["Ann", …], "entities": [[0, 1, "Peop"], …],
               "relations": [[0, 1, 4, 5, "Work_For"], …]}                     ends are behind the last word
    SpERT     {"tokens": [ … ], "entities": [{"type": "Peop", "start": 0, "end": 1}, …],
               "relations": [{"type": "Work_For", "head": 0, "tail": 1}, …]}   CoNLL04 as it is passed around
    DyGIE++   {"sentences": [[ … ], …], "ner": [[[0, 0, "PER"], …], …],
               "relations": [[[0, 0, 4, 4, "ORG-AFF"], …], …]}                 ACE-2005; a document an item, words
                                                                               counted through it, ends included
    NYT       {"sentText": "Ann …", "entityMentions": [{"text": "Ann", "label": "PERSON"}, …],
               "relationMentions": [{"em1Text": "Ann", "em2Text": "X", "label": "/business/…"}, …]}
    CopyRE    {"text": "Ann …", "triple_list": [["Ann", "employer", "X"], …]}  NYT and WebNLG, without types

NYT and CopyRE name entities by their words; the first place where those stand in the text is taken. Entities are
brought into the order of the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from picojoule.base.errors import DataError
from picojoule.data.language.lines import items, text_of
from picojoule.data.language.relations.order import ordered
from picojoule.data.language.relations.reading import at, digest, words_of
from picojoule.data.language.relations.sentences import Corpus, Entity, Relation, Sentence, require_known

PACKED = "conll04.jsonl.gz"
_NONE = "None"  # how NYT writes that there is no relation


def _linked(
    tokens: Sequence[str], entities: Sequence[Entity], links: Sequence[tuple[Any, Any, str]], name: str
) -> Sentence:
    """A sentence whose relations name entities by their spans."""
    places = {each.span: place for place, each in enumerate(entities)}
    for subject, object, _ in links:
        for start, stop in (subject, object):
            if (start, stop) not in places:
                what = f"a relation of the words {start} … {stop - 1}, which are no entity"
                raise DataError(what, where=name, remedy="give every subject and object as an entity too")
    relations = [Relation(subject=places[s], object=places[o], label=label) for s, o, label in links]
    found = tuple(dict.fromkeys(relations))
    return ordered(Sentence(tokens=tuple(tokens), entities=tuple(entities), relations=found, name=name))


def _packed(item: Any, name: str) -> Iterator[Sentence]:
    entities = [Entity(start=start, stop=stop, kind=kind) for start, stop, kind in item["entities"]]
    links = [((a, b), (c, d), label) for a, b, c, d, label in item["relations"]]
    yield _linked(words_of(item["tokens"]), entities, links, name)


def _spert(item: Any, name: str) -> Iterator[Sentence]:
    entities = tuple(Entity(start=each["start"], stop=each["end"], kind=each["type"]) for each in item["entities"])
    relations = (Relation(subject=r["head"], object=r["tail"], label=r["type"]) for r in item["relations"])
    found = tuple(dict.fromkeys(relations))
    yield ordered(Sentence(tokens=words_of(item["tokens"]), entities=entities, relations=found, name=name))


def _dygie(item: Any, name: str) -> Iterator[Sentence]:
    begin = 0
    parts = (item["sentences"], item["ner"], item["relations"])
    for number, (tokens, named, related) in enumerate(zip(*parts, strict=True)):
        if tokens:  # some documents have empty ones
            entities = [Entity(start=a - begin, stop=b - begin + 1, kind=kind) for a, b, kind, *_ in named]
            links = [
                ((a - begin, b - begin + 1), (c - begin, d - begin + 1), label) for a, b, c, d, label, *_ in related
            ]
            yield _linked(words_of(tokens), entities, links, f"{name} sentence {number}")
        begin += len(tokens)


def _nyt(item: Any, name: str) -> Iterator[Sentence]:
    kinds = {each["text"]: each["label"] for each in item["entityMentions"]}
    triples = [(r["em1Text"], r["label"], r["em2Text"]) for r in item["relationMentions"] if r["label"] != _NONE]
    yield _by_words(item["sentText"], kinds, triples, name)


def _copyre(item: Any, name: str) -> Iterator[Sentence]:
    triples = [tuple(each) for each in item["triple_list"]]
    yield _by_words(item["text"], {text: "" for s, _, o in triples for text in (s, o)}, triples, name)


def _by_words(text: str, kinds: dict[str, str], triples: Sequence[tuple[Any, ...]], name: str) -> Sentence:
    """A sentence whose entities are named by their words."""
    tokens = text.split()
    spans = {each: _place(tokens, each.split()) for each in kinds}
    entities = [Entity(start=spans[each][0], stop=spans[each][1], kind=kind) for each, kind in kinds.items()]
    return _linked(tokens, entities, [(spans[s], spans[o], label) for s, label, o in triples], name)


def _place(tokens: Sequence[str], words: Sequence[str]) -> tuple[int, int]:
    for start in range(len(tokens) - len(words) + 1):
        if words and tokens[start : start + len(words)] == words:
            return start, start + len(words)
    raise DataError(f"{' '.join(words)!r} is not in the text", where="entity", remedy="write it as in the text")


FORMATS: dict[str, tuple[frozenset[str], Callable[[Any, str], Iterator[Sentence]]]] = {
    "DyGIE++": (frozenset({"sentences", "ner", "relations"}), _dygie),
    "NYT": (frozenset({"sentText", "entityMentions", "relationMentions"}), _nyt),
    "CopyRE": (frozenset({"text", "triple_list"}), _copyre),
    "SpERT or packed": (frozenset({"tokens", "entities", "relations"}), lambda item, name: _by_index(item, name)),
}
"""Keys that an item of a format has, and its reader."""


def _by_index(item: Any, name: str) -> Iterator[Sentence]:
    objects = any(isinstance(each, dict) for each in item["entities"])
    return (_spert if objects else _packed)(item, name)


def sentences_of(path: Path | str) -> Iterator[tuple[str, Sentence]]:
    """(part, sentence) of every item of a file in any of the formats; the part is empty where items name none.

    Raises:
        InputError: there is no such file.
        DataError: an item of none of the formats, a span outside its sentence, an empty sentence; with file and line.
    """
    for where, item in items(Path(path)):
        with at(where):
            keys = item.keys()
            reader = next((read for needs, read in FORMATS.values() if needs <= keys), None)
            if reader is None:
                known = "; ".join(f"{name}: {', '.join(sorted(needs))}" for name, (needs, _) in FORMATS.items())
                raise DataError(
                    f"an item with the keys {', '.join(sorted(keys)) or '(none)'} is of no format known here",
                    where=where,
                    remedy=f"give one of {known}",
                )
            part = item.get("split", "")
            if not isinstance(part, str):
                raise DataError(f"the part {part!r} is no word", where=where, remedy='give "split": "train"')
            yield from ((part, _sound(each)) for each in reader(item, where))


def _sound(sentence: Sentence) -> Sentence:
    """The sentence, whose places are whole numbers and whose types and labels are words."""
    places = [place for each in sentence.entities for place in each.span]
    places += [place for each in sentence.relations for place in (each.subject, each.object)]
    words = [each.kind for each in sentence.entities] + [each.label for each in sentence.relations]
    for kind, values, what in ((int, places, "place"), (str, words, "type or label")):
        wrong = [each for each in values if not isinstance(each, kind) or isinstance(each, bool)]
        if wrong:
            remedy = "give whole numbers for places and words for types and labels"
            raise DataError(f"{wrong[0]!r} is no {what}", where=sentence.name, remedy=remedy)
    return sentence


_PARTS = {"train": ("train",), "valid": ("valid", "dev", "validation"), "test": ("test",)}
"""What the parts are called."""


def load(path: Path | str) -> Corpus:
    """A data set: one file whose items name their part, or a folder with a file for each.

    Args:
        path: a file of items with ``"split"``; a folder that holds one named ``conll04.jsonl.gz``; or a folder with one
            file each whose name has ``train``, ``test`` and perhaps ``dev`` or ``valid`` in it.

    Raises:
        InputError: there is no such file.
        DataError: a part is missing or there twice, a label that no training sentence has, or as `sentences_of`.
    """
    path = Path(path)
    path = path / PACKED if (path / PACKED).is_file() else path
    files = [path] if not path.is_dir() else [file for names in _PARTS.values() for file in _files(path, names)]
    parts: dict[str, list[Sentence]] = {part: [] for part in _PARTS}
    for file in files:
        for named, sentence in sentences_of(file):
            part = _part(named) or (_part(file.name, inside=True) if path.is_dir() else None)
            if part is None:
                what = f"the item is in no part ({named!r})" if named else "the item names no part"
                remedy = 'give each item "split": "train", "valid" or "test", or a folder with a file for each'
                raise DataError(what, where=sentence.name, remedy=remedy)
            parts[part].append(sentence)
    if not parts["train"] or not parts["test"]:
        missing = " and ".join(part for part in ("train", "test") if not parts[part])
        raise DataError(f"it has no sentences to {missing}", where=str(path), remedy="name files or splits train, test")
    labels = tuple(sorted({relation.label for each in parts["train"] for relation in each.relations}))
    for each in (*parts["valid"], *parts["test"]):
        require_known((relation.label for relation in each.relations), labels, where=each.name)
    return Corpus(
        name=path.name.split(".")[0],
        labels=labels,
        negative=None,
        **{part: tuple(each) for part, each in parts.items()},
        sha256=digest(*map(text_of, files)),
    )


def _files(folder: Path, names: Sequence[str]) -> list[Path]:
    found = [each for each in sorted(folder.glob("*.json*")) if any(name in each.name.lower() for name in names)]
    if len(found) > 1:
        what = f"{len(found)} files of one part: {', '.join(each.name for each in found)}"
        raise DataError(what, where=str(folder), remedy="leave one file for each part there")
    return found


def _part(name: str, *, inside: bool = False) -> str | None:
    """The part that a word names, or that a file's name has in it."""
    name = name.lower()
    found = (part for part, words in _PARTS.items() for word in words if (word in name if inside else word == name))
    return next(found, None)
