"""The pictures of a result: files ``figures/<recipe> <number> <title>.png`` beside its JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from picojoule.base.errors import InputError
from picojoule.base.files import read_bytes, write_whole

FOLDER = "figures"
_NAME = re.compile(r"(?P<recipe>\S+) \d\d (?P<title>.+)\.png")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def save(pictures: Mapping[str, bytes], recipe: str, beside: Path) -> None:
    """Write the pictures of a recipe, in place of those of an earlier run of it.

    Args:
        pictures: title → PNG.
        recipe: whose they are.
        beside: the folder of ``result.json``.

    Raises:
        InputError: the folder cannot be written.
    """
    for old in _files(recipe, beside):
        old.unlink()
    for number, (title, content) in enumerate(pictures.items()):
        write_whole(beside / FOLDER / f"{recipe} {number:02d} {title.replace('/', '-')}.png", content)


def load(recipe: str, beside: Path) -> dict[str, bytes]:
    """The pictures of a recipe, by title, in order; none where there are none.

    Raises:
        InputError: a file that is no PNG.
    """
    found = {}
    for path in _files(recipe, beside):
        content = read_bytes(path, what="picture")
        if not content.startswith(_SIGNATURE):
            raise InputError("it is no PNG picture", where=str(path), remedy="remove it, or run the recipe again")
        match = _NAME.fullmatch(path.name)
        assert match is not None
        found[match["title"]] = content
    return found


def _files(recipe: str, beside: Path) -> list[Path]:
    named = ((path, _NAME.fullmatch(path.name)) for path in sorted((beside / FOLDER).glob("*.png")))
    return [path for path, match in named if match is not None and match["recipe"] == recipe]
