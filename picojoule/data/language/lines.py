"""Text and JSON, item by item, each with its file and line; files may be packed by gzip."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from picojoule.base.errors import DataError
from picojoule.base.files import read_bytes

LIMIT_BYTES = 2**30
"""Of a text once it is unpacked."""
_SPACE = re.compile(r"\s*")


def text_of(path: Path) -> str:
    """The text of a file, which may be packed by gzip.

    Raises:
        InputError: there is no such file.
        DataError: it is damaged, no UTF-8, or unpacks to more than 1 GiB.
    """
    content = read_bytes(path, what="data")
    try:
        if path.suffix == ".gz":
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(LIMIT_BYTES + 1)
        if len(content) > LIMIT_BYTES:
            raise DataError("it is a text of more than 1 GiB", where=str(path), remedy="give a smaller part of it")
        return content.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
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


def value_of(path: Path) -> Any:
    """What a file of JSON holds.

    Raises:
        InputError: there is no such file.
        DataError: it is no JSON.
    """
    try:
        return json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise _no_json(path, error.lineno, error.msg) from None
    except (ValueError, RecursionError) as error:
        raise _no_json(path, 1, str(error)) from None


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
