"""JSON of sentences, item by item, each with its file and line; errors name them."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from picojoule.base.errors import DataError
from picojoule.base.files import read_bytes, sha256

_SPACE = re.compile(r"\s*")


def text_of(path: Path) -> str:
    """The text of a file, which may be packed by gzip.

    Raises:
        InputError: there is no such file.
        DataError: it is damaged, or no UTF-8.
    """
    content = read_bytes(path, what="data")
    try:
        return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(
            f"it cannot be read ({error})", where=str(path), remedy="check or fetch the file again"
        ) from None


def items(path: Path) -> Iterator[tuple[str, Any]]:
    """(file:line, value) of every item of a JSON array, or of every line of a file of JSON lines.

    Raises:
        InputError: there is no such file.
        DataError: what is at that line is no JSON.
    """
    text = text_of(path)
    yield from (_array if text.lstrip().startswith("[") else _lines)(text, path)


def _lines(text: str, path: Path) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise _no_json(path, number, str(error)) from None
            yield f"{path}:{number}", value


def _array(text: str, path: Path) -> Iterator[tuple[str, Any]]:
    decoder, place, line, counted = json.JSONDecoder(), text.index("[") + 1, 1, 0
    while True:
        place = _after_space(text, place)
        line, counted = line + text.count("\n", counted, place), place
        if text[place : place + 1] == "]":
            return
        try:
            value, place = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            raise _no_json(path, error.lineno, error.msg) from None
        except (ValueError, RecursionError) as error:
            raise _no_json(path, line, str(error)) from None
        yield f"{path}:{line}", value
        place = _after_space(text, place)
        if text[place : place + 1] not in (",", "]"):
            raise _no_json(path, line, "the array does not end, or a comma is missing")
        place += text[place] == ","


def _after_space(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    assert match is not None
    return match.end()


def _no_json(path: Path, line: int, why: str) -> DataError:
    return DataError(f"it is no JSON ({why})", where=f"{path}:{line}", remedy="correct or leave out that line")


@contextmanager
def at(where: str) -> Iterator[None]:
    """What is wrong in here is said to be at `where`; so is what is no item of this kind at all."""
    try:
        yield
    except DataError as error:
        raise DataError(error.what, where=where, remedy=error.remedy) from None
    except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise DataError(f"it is no sentence of this format ({why})", where=where, remedy=_REMEDY) from None


_REMEDY = "compare it with the format in docs/relations.md"


def words_of(value: Any) -> tuple[str, ...]:
    """A list of words.

    Raises:
        DataError: it is none.
    """
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise DataError("the tokens are no list of words", where="sentence", remedy='give ["Ann", "sleeps"]')
    return tuple(value)


def text_in(row: Any, key: str) -> str:
    """A text in a row.

    Raises:
        DataError: it is none.
    """
    value = row[key]
    if not isinstance(value, str):
        raise DataError(f"{key} is no text", where="sentence", remedy=_REMEDY)
    return value


def whole(path: Path) -> dict[str, Any]:
    """The object that a file is.

    Raises:
        InputError: there is no such file.
        DataError: it is no JSON, or no object.
    """
    try:
        found = json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise _no_json(path, error.lineno, error.msg) from None
    except (ValueError, RecursionError) as error:
        raise _no_json(path, 1, str(error)) from None
    if not isinstance(found, dict):
        raise DataError("it is no object", where=f"{path}:1", remedy=_REMEDY)
    return found


def digest(*texts: str) -> str:
    """Hexadecimal SHA-256 of texts."""
    return sha256(*(each.encode() for each in texts))
