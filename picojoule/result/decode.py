"""JSON values to a `Result`: each field has a reader, each error names the file, the JSON path and the remedy."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from picojoule.base.errors import InputError
from picojoule.base.files import read_bytes
from picojoule.result import pictures
from picojoule.result.values import EVIDENCE, SCHEMA, STATUSES, Claim, Energy, Result, Row, Series


@dataclass(frozen=True, slots=True)
class Place:
    """A value inside a JSON document, as ``rows[2].energy[0].joules``."""

    where: str
    path: str = ""

    def key(self, name: str) -> Place:
        """The place of a value in this mapping."""
        return Place(self.where, f"{self.path}.{name}" if self.path else name)

    def at(self, index: int) -> Place:
        """The place of an item of this list."""
        return Place(self.where, f"{self.path}[{index}]")

    def wrong(self, what: str, remedy: str = "correct the file, or write it again with picojoule") -> InputError:
        """The error that names this place."""
        return InputError(what, where=f"{self.where}, {self.path or 'top level'}", remedy=remedy)


Reader = Callable[[Any, Place], Any]


def load(path: Path | str) -> Result:
    """See `Result.load`."""
    where = str(path)
    try:
        content = json.loads(read_bytes(path, what="result"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"not JSON ({error})", where=where, remedy="name a result.json written by picojoule") from None
    result = decode(content, where)
    return replace(result, pictures=pictures.load(result.recipe, Path(path).parent))


def decode(content: Any, where: str) -> Result:
    """See `Result.from_dict`."""
    place = Place(where)
    _mapping(content, place)
    schema = content.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        remedy = f"this picojoule reads schema {SCHEMA}; write the file again, or use the version that wrote it"
        raise place.key("schema").wrong(f"the schema is {schema!r}, not {SCHEMA}", remedy)
    return _RESULT({key: value for key, value in content.items() if key != "schema"}, place)


def _kind(value: Any) -> str:
    names = {"NoneType": "null", "dict": "an object", "list": "a list", "str": "text", "bool": "true or false"}
    return names.get(type(value).__name__, f"{value!r}")


def _text(value: Any, place: Place) -> str:
    if not isinstance(value, str):
        raise place.wrong(f"{_kind(value)} where text should be")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise place.wrong("half of a surrogate pair in the text") from None
    return value


def _number(value: Any, place: Place) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise place.wrong(f"{_kind(value)} where a number should be")
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise place.wrong("a number that is not finite", "write null for an unknown number")
    return value


def _integer(value: Any, place: Place) -> int:
    if _number(value, place) != int(value):
        raise place.wrong(f"{value!r} where a whole number should be")
    return int(value)


def _mapping(value: Any, place: Place) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise place.wrong(f"{_kind(value)} where an object should be")
    return value


def _sequence(value: Any, place: Place) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise place.wrong(f"{_kind(value)} where a list should be")
    return list(value)


def _interval(value: Any, place: Place) -> tuple[float, ...]:
    ends = _tuple_of(_number)(value, place)
    if len(ends) != 2 or ends[0] > ends[1]:
        raise place.wrong("an interval is [low, high]")
    return ends


def _anything(value: Any, place: Place) -> Any:
    """Any JSON value, but no NaN in it."""
    if isinstance(value, Mapping):
        return _dict_of(_anything)(value, place)
    if isinstance(value, list | tuple):
        return list(_tuple_of(_anything)(value, place))
    readers = {str: _text, int: _number, float: _number}
    return readers.get(type(value), lambda value, _: value)(value, place)


def _layer(value: Any, place: Place) -> dict[str, Any]:
    layer = _dict_of(_anything)(value, place)
    _text(layer.get("name"), place.key("name"))
    return {
        name: item if isinstance(item, str) else _maybe(_number)(item, place.key(name)) for name, item in layer.items()
    }


def _maybe(reader: Reader) -> Reader:
    return lambda value, place: None if value is None else reader(value, place)


def _tuple_of(reader: Reader) -> Reader:
    return lambda value, place: tuple(reader(item, place.at(i)) for i, item in enumerate(_sequence(value, place)))


def _dict_of(reader: Reader) -> Reader:
    return lambda value, place: {
        _text(key, place): reader(item, place.key(str(key))) for key, item in _mapping(value, place).items()
    }


def _choice(words: tuple[str, ...]) -> Reader:
    def read(value: Any, place: Place) -> str:
        if value not in words:
            raise place.wrong(f"{value!r} is not allowed", "use one of " + ", ".join(words))
        return value

    return read


def _record(make: Callable[..., Any], required: dict[str, Reader], optional: dict[str, Reader] | None = None) -> Reader:
    """Reads an object whose keys are those of `required`, perhaps of `optional`, and no others."""
    readers = required | (optional or {})

    def read(value: Any, place: Place) -> Any:
        content = _mapping(value, place)
        for key in required:
            if key not in content:
                raise place.key(key).wrong("the key is missing")
        for key in content:
            if key not in readers:
                raise place.key(key).wrong(
                    "an unknown key", "remove it, or use the picojoule version that wrote the file"
                )
        values = {key: readers[key](item, place.key(key)) for key, item in content.items()}
        try:
            return make(**values)
        except InputError as error:
            raise place.wrong(error.what, error.remedy) from None

    return read


_PROFILE = {"profile": _text, "evidence": _choice(EVIDENCE)}
_REASON = {"reason": _maybe(_text)}
_JOULES = _record(Energy, _PROFILE | {"joules": _maybe(_number)}, _REASON)
_RELATIVE = _record(Energy, _PROFILE | {"relative": _maybe(_number), "reference": _text}, _REASON)


def _energy(value: Any, place: Place) -> Energy:
    return (_RELATIVE if "relative" in _mapping(value, place) else _JOULES)(value, place)


_ROW = _record(
    Row,
    {
        "system": _text,
        "metrics": _dict_of(_maybe(_number)),
        "interval": _dict_of(_interval),
        "counts": _dict_of(_maybe(_number)),
        "energy": _tuple_of(_energy),
        "seconds_per_sample": _maybe(_number),
        "simulated_seconds": _maybe(_number),
        "peak_bytes": _maybe(_integer),
        "layers": _tuple_of(_layer),
        "neurobench": _dict_of(_anything),
    },
)
_NUMBERS = _tuple_of(_maybe(_number))
_SERIES = _record(
    Series, {"name": _text, "system": _text, "x": _NUMBERS, "y": _NUMBERS, "x_unit": _text, "y_unit": _text}
)
_CLAIM = _record(
    Claim,
    {
        "id": _text,
        "text": _text,
        "paper": _maybe(_number),
        "paper_source": _text,
        "measured": _maybe(_number),
        "unit": _text,
        "status": _choice(STATUSES),
        "reason": _maybe(_text),
    },
)
_RESULT = _record(
    Result,
    {
        "recipe": _text,
        "title": _text,
        "mode": _text,
        "seed": _maybe(_integer),
        "data": _dict_of(_anything),
        "rows": _tuple_of(_ROW),
        "series": _tuple_of(_SERIES),
        "claims": _tuple_of(_CLAIM),
        "environment": _dict_of(_anything),
    },
)
