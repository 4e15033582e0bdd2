"""The public files: the folder as it is distributed, or one ``.jsonl.gz`` with a file a line."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from picojoule.base.errors import DataError
from picojoule.base.files import sha256
from picojoule.data.language.babi.stories import Task, parse, require_number
from picojoule.data.language.lines import items, text_of

PACKED = "babi_en10k.jsonl.gz"
_FOLDERS = ("en-10k", "en")
"""Where several sizes are there, the larger comes first."""


def load(path: Path | str, number: int) -> Task:
    """A task from the public files.

    Args:
        path: a folder with ``qa1_…_train.txt`` and ``qa1_…_test.txt`` (or with ``en-10k`` or ``en`` in it), a
            ``.jsonl.gz`` of rows {"file", "text"}, or a folder that holds one named ``babi_en10k.jsonl.gz``.
        number: of the task.

    Raises:
        InputError: there is no such task.
        DataError: no such files, or a damaged one.
    """
    path = Path(path)
    require_number(number)
    path = path / PACKED if (path / PACKED).is_file() else path
    texts = _folder(path, number) if path.is_dir() else _packed(path, number)
    parts = {part: text for part, text in texts.items() if text is not None}
    if len(parts) < 2:
        missing = " and ".join(part for part in ("train", "test") if part not in parts)
        raise DataError(f"it has no {missing} file of task {number}", where=str(path), remedy=_REMEDY)
    stories = {part: parse(text, f"{path} qa{number} {part}") for part, text in parts.items()}
    digest = sha256(*(parts[part].encode() for part in ("train", "test")))
    return Task(number=number, name=f"babi-qa{number}", **stories, sha256=digest)


_REMEDY = "give the folder of bAbI v1.2 that has en-10k in it, or babi_en10k.jsonl.gz"


def _folder(path: Path, number: int) -> dict[str, str | None]:
    folders = [path / name for name in _FOLDERS if (path / name).is_dir()] or [path]

    def text(part: str) -> str | None:
        found = [file for folder in folders for file in sorted(folder.glob(f"qa{number}_*_{part}.txt"))]
        return text_of(found[0]) if found else None

    return {part: text(part) for part in ("train", "test")}


def _packed(path: Path, number: int) -> dict[str, str | None]:
    rows = _rows(path, path.stat().st_mtime_ns if path.is_file() else 0)

    def text(part: str) -> str | None:
        pattern = re.compile(rf"(?:.*/)?qa{number}_.*_{part}\.txt")
        found = [row["text"] for row in rows if pattern.fullmatch(row["file"])]
        return found[0] if found else None

    return {part: text(part) for part in ("train", "test")}


@lru_cache(maxsize=1)
def _rows(path: Path, written: int) -> list[dict[str, str]]:
    """The rows of the file as it was `written`; whoever loads one task often loads another."""
    rows = [row for _, row in items(path)]
    if not all(
        isinstance(row, dict) and all(isinstance(row.get(name), str) for name in ("file", "text")) for row in rows
    ):
        raise DataError("a row without the texts 'file' and 'text'", where=str(path), remedy=_REMEDY)
    return rows
