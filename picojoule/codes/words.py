"""A code from the words of a command line: ``ttfs``, ``rate:steps=32``, ``ttfs:steps=12,tau=2,threshold=0.779``."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from picojoule.base.errors import InputError
from picojoule.codes.base import Code

_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


def parse(text: str, codes: dict[str, type[Code]]) -> Code:
    """The code that `text` names.

    Args:
        text: a name and, behind a colon, settings with commas between; ``T`` is short for ``steps``, and
            the letters of a code's label for its other settings.
        codes: the codes there are, by name.

    Raises:
        InputError: an unknown name or setting, or a value that makes no sense.
    """
    name, _, settings = text.partition(":")
    if name not in codes:
        raise InputError(f"no code {name!r}", where="--code", remedy=f"choose {', '.join(codes)}")
    letters = {letter: field for field, letter in codes[name].symbols.items()}
    known = {each.name for each in fields(codes[name])}
    given: dict[str, Any] = {}
    for part in filter(None, settings.split(",")):
        key, equals, value = part.partition("=")
        key = "steps" if key == "T" else letters.get(key, key)
        if key not in known or not equals:
            raise InputError(
                f"{part!r} is no setting of {name}", where="--code", remedy=f"give name=value for {', '.join(known)}"
            )
        given[key] = _value(part, value)
    return codes[name](**given)


def _value(part: str, text: str) -> Any:
    if text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{part!r} is no number", where="--code", remedy="give a number behind =") from None
