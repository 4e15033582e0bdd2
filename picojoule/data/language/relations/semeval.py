"""SemEval-2010 task 8: which of nine relations holds between two marked nominals, and in which direction.

::

    TRAIN_FILE.TXT        1<tab>"The <e1>child</e1> was put into the <e2>cradle</e2>."
                          Entity-Destination(e1,e2)
                          Comment: …
                          <empty line>
    *.jsonl, *.jsonl.gz   {"id": 1, "split": "train", "text": "The <e1>child</e1> …", "relation": "Other"}

``e1`` becomes the subject and ``e2`` the object, whatever the direction; the label has it. There are no types.
Cite key ``hendrickx2010``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from picojoule.base.errors import DataError
from picojoule.data.language.lines import items, text_of
from picojoule.data.language.relations.reading import at, digest, text_in
from picojoule.data.language.relations.sentences import Corpus, Entity, Relation, Sentence, pair, require_known

NINE = (
    "Cause-Effect",
    "Component-Whole",
    "Content-Container",
    "Entity-Destination",
    "Entity-Origin",
    "Instrument-Agency",
    "Member-Collection",
    "Message-Topic",
    "Product-Producer",
)
OTHER = "Other"
LABELS = (OTHER, *(f"{each}({way})" for each in NINE for way in ("e1,e2", "e2,e1")))
"""The nineteen, Other first."""
PACKED = "semeval2010_task8.jsonl.gz"
_FILES = {"train": ("TRAIN_FILE.TXT",), "test": ("TEST_FILE_FULL.TXT",)}
_WORD = re.compile(r"</?e[12]>|\w+(?:[-'’]\w+)*|[^\w\s]")
_REMEDY = "give the folder of SemEval-2010 task 8, or its .jsonl.gz with id, split, text and relation"


def load(path: Path | str) -> Corpus:
    """The data set; it has no validation sentences of its own.

    Args:
        path: a file of JSON lines, a folder that holds one named ``semeval2010_task8.jsonl.gz``, or a folder with
            ``TRAIN_FILE.TXT`` and ``TEST_FILE_FULL.TXT`` somewhere in it.

    Raises:
        InputError: there is no such file.
        DataError: a sentence without its two nominals, or an unknown label; names file and line.
    """
    path = Path(path)
    path = path / PACKED if (path / PACKED).is_file() else path
    found: dict[str, list[Sentence]] = {"train": [], "test": []}
    for where, split, name, text, label in _folder(path) if path.is_dir() else _rows(path):
        with at(where):
            if split not in found:
                raise DataError(f"the split {split!r}", where=where, remedy="use train or test")
            found[split].append(sentence(text, label, name=name))
    if not all(found.values()):
        missing = " and ".join(split for split, sentences in found.items() if not sentences)
        raise DataError(f"it has no {missing} sentence", where=str(path), remedy=_REMEDY)
    every = (repr(each) for sentences in found.values() for each in sentences)
    parts = {split: tuple(sentences) for split, sentences in found.items()}
    return Corpus(name="semeval2010-task8", labels=LABELS, negative=OTHER, valid=(), **parts, sha256=digest(*every))


def sentence(text: str, label: str, *, name: str = "") -> Sentence:
    """A sentence from its text with ``<e1>…</e1>`` and ``<e2>…</e2>``.

    Raises:
        DataError: a nominal is missing or empty, or the label is unknown.
    """
    require_known((label,), LABELS, where="label")
    words: list[str] = []
    places: dict[str, int] = {}
    for word in _WORD.findall(text):
        if word.startswith("<"):
            places[word] = len(words)
        else:
            words.append(word)
    for number in "12":
        if not {f"<e{number}>", f"</e{number}>"} <= places.keys():
            raise DataError(f"nominal e{number} is not marked", where="sentence", remedy="mark it <e1>so</e1>")
    one, two = (Entity(start=places[f"<e{n}>"], stop=places[f"</e{n}>"]) for n in "12")
    return pair(words, one, two, label, name=name)


def turned(given: Sentence) -> Sentence:
    """The same sentence with e1 and e2 exchanged: R(e1,e2) is R(e2,e1) then, and Other is Other."""
    (only,) = given.relations
    label = only.label
    if label != OTHER:
        label = label.replace("e1,e2", "x").replace("e2,e1", "e1,e2").replace("x", "e2,e1")
    return replace(given, relations=(Relation(subject=only.object, object=only.subject, label=label),))


_Row = tuple[str, str, str, str, str]
"""(file:line, split, id, text, label)."""


def _rows(path: Path) -> Iterator[_Row]:
    for where, row in items(path):
        with at(where):
            split, text, label = (text_in(row, key) for key in ("split", "text", "relation"))
            found = (where, split, str(row["id"]), text, label)
        yield found


def _folder(path: Path) -> Iterator[_Row]:
    for split, names in _FILES.items():
        files = [file for name in names for file in sorted(path.rglob(name))]
        if not files:
            raise DataError(f"it has no {names[0]}", where=str(path), remedy=_REMEDY)
        lines = text_of(files[0]).splitlines()
        for number, line in enumerate(lines, 1):
            match = re.fullmatch(r'(\d+)\t"?(.*?)"?\s*', line)
            if match:
                label = lines[number].strip() if number < len(lines) else ""
                yield f"{files[0]}:{number}", split, match[1], match[2], label
