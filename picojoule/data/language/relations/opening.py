"""Whatever data of relation classification a user has, by what it looks like."""

from __future__ import annotations

from pathlib import Path

from picojoule.base.errors import DataError
from picojoule.data.language.lines import items
from picojoule.data.language.relations import fewrel, semeval, tacred
from picojoule.data.language.relations.sentences import Corpus


def load(path: Path | str) -> Corpus:
    """A data set.

    Args:
        path: a folder with ``train.json``, ``dev.json`` and ``test.json`` of TACRED (with ``*_id2label.json`` beside
            them it is Re-TACRED); the folder or the JSON lines of SemEval-2010 task 8; a file of FewRel.

    Raises:
        InputError: there is no such file.
        DataError: it is none of these, or damaged.
    """
    path = Path(path)
    if path.is_dir():
        if (path / "train.json").is_file():
            return tacred.load(path, patch=path if (path / "train_id2label.json").is_file() else None)
        return semeval.load(path)
    if path.suffix == ".json":
        return fewrel.load(path)
    _, first = next(items(path), ("", None))
    if isinstance(first, dict) and "text" in first:
        return semeval.load(path)
    if isinstance(first, dict) and "tokens" in first and "h" in first:
        return fewrel.load(path)
    remedy = "give TACRED's folder, SemEval-2010 task 8, or FewRel"
    raise DataError("it is no data of relation classification", where=str(path), remedy=remedy)
