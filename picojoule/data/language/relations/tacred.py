"""TACRED's JSON, and Re-TACRED's corrected labels for it. The text itself has to be bought; nothing of it is here.

::

    train.json, dev.json, test.json    [{"id": "…", "relation": "per:title", "token": ["Ann", …],
                                         "subj_start": 0, "subj_end": 0, "obj_start": 3, "obj_end": 4,
                                         "subj_type": "PERSON", "obj_type": "TITLE", …}, …]           ends included
    train_id2label.json, …             {"id": "org:members", …}             the patch: an id without a label is left out

Brackets that a treebank's tokeniser wrote as ``-LRB-`` become brackets again. Cite keys ``zhang2017``, ``stoica2021``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from picojoule.base.errors import DataError
from picojoule.data.language.lines import items
from picojoule.data.language.relations.reading import at, digest, text_in, whole, words_of
from picojoule.data.language.relations.sentences import Corpus, Entity, Sentence, pair, require_known

NEGATIVE = "no_relation"
BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}
SPLITS = ("train", "dev", "test")


def load(path: Path | str, *, patch: Path | str | None = None) -> Corpus:
    """The data set; its labels are those of the training sentences, the negative one first.

    Args:
        path: a folder with ``train.json``, ``dev.json`` and ``test.json``.
        patch: a folder with ``train_id2label.json`` and so on.

    Raises:
        InputError: a file is missing.
        DataError: a damaged file, a span outside its sentence, or a label that no training sentence has; names file
            and line.
    """
    folder = Path(path)
    labels = [NEGATIVE]
    parts: dict[str, tuple[Sentence, ...]] = {}
    for split in SPLITS:
        corrected = None if patch is None else _patch(Path(patch) / f"{split}_id2label.json")
        found = []
        for where, sentence in read(folder / f"{split}.json", corrected):
            if split != "train":
                require_known((sentence.label,), labels, where=where)
            found.append(sentence)
        parts[split] = tuple(found)
        if split == "train":
            labels += sorted({each.label for each in found} - {NEGATIVE})
    return Corpus(
        name="tacred" if patch is None else "re-tacred",
        labels=tuple(labels),
        negative=NEGATIVE,
        train=parts["train"],
        valid=parts["dev"],
        test=parts["test"],
        sha256=digest(*(repr(each) for part in parts.values() for each in part)),
    )


def read(path: Path, corrected: Mapping[str, str] | None = None) -> Iterator[tuple[str, Sentence]]:
    """(file:line, sentence) of one file.

    Args:
        path: the file.
        corrected: labels by id; sentences whose id is not there are left out.

    Raises:
        DataError: as :func:`load`.
    """
    for where, item in items(path):
        with at(where):
            if corrected is not None and item["id"] not in corrected:
                continue
            sentence = _sentence(item, text_in(item, "relation") if corrected is None else corrected[item["id"]])
        yield where, sentence


def _sentence(item: Mapping[str, Any], label: str) -> Sentence:
    words = tuple(BRACKETS.get(word, word) for word in words_of(item["token"]))
    subject, object = (
        Entity(start=int(item[f"{role}_start"]), stop=int(item[f"{role}_end"]) + 1, kind=text_in(item, f"{role}_type"))
        for role in ("subj", "obj")
    )
    return pair(words, subject, object, label, name=str(item["id"]))


def _patch(path: Path) -> dict[str, str]:
    found = whole(path)
    if not all(isinstance(label, str) for label in found.values()):
        raise DataError("it is no patch of labels", where=f"{path}:1", remedy='give {"id": "label", …}')
    return found
