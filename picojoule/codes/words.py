"""A code from the words of a command line: ``ttfs``, ``rate:T=32``, ``burst:T=64,v_th=0.125``, ``phase-burst:T=64``."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from picojoule.base.errors import InputError
from picojoule.codes.base import Code
from picojoule.codes.hybrid import Hybrid

_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_SHORT = {"T": "steps", "num_steps": "steps", "v_th": "threshold"}
_REAL, _INPUT = "real", "input."


def parse(text: str, codes: dict[str, type[Code]]) -> Code | Hybrid:
    """The code that `text` names.

    Args:
        text: a name and, behind a colon, settings with commas between, a truth as its word alone; ``T`` and
            ``num_steps`` are ``steps``, ``v_th`` is ``threshold``, and the letters of a code's label for its other
            settings. Two names with a hyphen are a hybrid, the input's first, ``real`` for one that has no spikes:
            settings are the hidden code's, the input's begin with ``input.``, the steps are both's.
        codes: the codes there are, by name.

    Raises:
        InputError: an unknown name or setting, or a value that makes no sense.
    """
    name, _, settings = text.partition(":")
    given = _settings(settings)
    if name in codes or "-" not in name:
        return _code(name, given, codes)
    first, _, hidden = name.partition("-")
    own = {key.removeprefix(_INPUT): given.pop(key) for key in list(given) if key.startswith(_INPUT)}
    kind = _code(hidden, given, codes)
    return Hybrid(
        input=None if first == _REAL and not own else _code(first, {"steps": kind.steps, **own}, codes), hidden=kind
    )


def _settings(text: str) -> dict[str, Any]:
    """Names, written out, and values."""
    given = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        prefix = _INPUT if key.startswith(_INPUT) else ""
        key = key.removeprefix(_INPUT)
        given[prefix + _SHORT.get(key, key)] = _value(part, value) if equals else True
    return given


def _code(name: str, given: dict[str, Any], codes: dict[str, type[Code]]) -> Code:
    if name not in codes:
        told = f"{', '.join(codes)}, or two with a hyphen, as phase-burst or {_REAL}-burst"
        raise InputError(f"no code {name!r}", where="--code", remedy=f"choose {told}")
    letters = {letter: field for field, letter in codes[name].symbols.items()}
    given = {letters.get(key, key): value for key, value in given.items()}
    known = {each.name: isinstance(each.default, bool) for each in fields(codes[name])}
    for key, value in given.items():
        if key not in known:
            raise InputError(
                f"{key!r} is no setting of {name}", where="--code", remedy=f"give name=value for {', '.join(known)}"
            )
        if isinstance(value, bool) != known[key]:
            remedy = f"give {key}, or {key}=no" if known[key] else f"give {key}=number"
            is_a = "yes or no" if known[key] else "a number"
            raise InputError(f"{key!r} of {name} is {is_a}", where="--code", remedy=remedy)
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
