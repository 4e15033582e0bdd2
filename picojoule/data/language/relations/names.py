"""Names that do not exist, of every type, from a generator."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

_FIRST = ("Ann", "Ben", "Cora", "Dan", "Eva", "Finn", "Gus", "Hana", "Ida", "Jon", "Kim", "Lea", "Max", "Nora", "Otto")
_STARTS = ("Bal", "Cor", "Dren", "El", "Far", "Gol", "Hal", "Ir", "Kel", "Lor", "Mar", "Nor", "Or", "Pel", "Ros", "Tan")
_MIDDLES = ("a", "e", "i", "o", "u", "an", "en", "or")
_PEOPLE, _TOWNS, _FIRMS = (
    ("dic", "ler", "man", "son", "vic"),
    ("burg", "ford", "port", "ton", "ville"),
    ("co", "dyne", "tek", "via", "x"),
)
_KINDS = ("Bank", "Institute", "League", "Motors", "Union", "University", "Works")
_TITLES = ("baker", "captain", "dentist", "farmer", "judge", "minister", "painter", "pilot", "singer", "teacher")


def _stem(draw: Random, endings: tuple[str, ...]) -> str:
    return draw.choice(_STARTS) + draw.choice(_MIDDLES) + draw.choice(endings)


NAMES: dict[str, Callable[[Random], str]] = {
    "PERSON": lambda draw: f"{draw.choice(_FIRST)} {_stem(draw, _PEOPLE)}",
    "ORGANIZATION": lambda draw: f"{_stem(draw, _FIRMS)} {draw.choice(_KINDS)}",
    "CITY": lambda draw: _stem(draw, _TOWNS),
    "DATE": lambda draw: str(draw.randrange(1850, 2020)),
    "TITLE": lambda draw: draw.choice(_TITLES),
}
"""A name of each type."""
