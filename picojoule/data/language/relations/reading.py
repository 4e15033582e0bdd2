"""Rows of relation files: what is wrong in one is said with its file and line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from picojoule.base.errors import DataError
from picojoule.base.files import sha256
from picojoule.data.language.lines import value_of


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
    found = value_of(path)
    if not isinstance(found, dict):
        raise DataError("it is no object", where=f"{path}:1", remedy=_REMEDY)
    return found


def digest(*texts: str) -> str:
    """Hexadecimal SHA-256 of texts."""
    return sha256(*(each.encode() for each in texts))
