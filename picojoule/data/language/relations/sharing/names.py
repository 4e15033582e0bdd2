"""Names that are put together from syllables, so that those of the test sentences are mostly new."""

from __future__ import annotations

from random import Random

PERSON, PLACE, ORGANISATION, OTHER = "Peop", "Loc", "Org", "Other"
"""Types of entities, as CoNLL04 calls them."""

_FIRST = (
    "Ann", "Maria", "John", "Peter", "Olga", "Ivan", "Chen", "Yuki", "Fatima", "Omar", "Lucia", "Pablo", "Grace",
    "Henry", "Nina", "Igor", "Leila", "Tomas", "Ruth", "Samuel", "Priya", "Arjun", "Mei", "Hana", "Erik", "Sofia",
    "Carlos", "Amara", "Kofi", "Elena",
)  # fmt: skip
_ONSET = (
    "B", "Br", "C", "D", "Dr", "F", "G", "Gr", "H", "J", "K", "Kl", "L", "M", "N", "P", "R", "S", "Sh", "St", "T", "Tr",
    "V", "W", "Z",
)  # fmt: skip
_VOWEL = ("a", "e", "i", "o", "u", "ai", "ea", "oo")
_CODA = ("l", "m", "n", "r", "s", "t", "ck", "nd", "rt", "st", "ll")
_PERSON_END = ("son", "ov", "ini", "man", "berg", "ez", "ski", "er", "")
_PLACE_END = ("ville", "burg", "ton", "ford", "ia", "land", "port", "")
_PLACE_MORE = (("City",), ("County",), ("Valley",), ("Island",), ("Beach",), (), (), (), (), (), (), ())
_ORG_END = (
    ("Corp", "."), ("Inc", "."), ("Industries",), ("Airlines",), ("University",), ("Institute",), ("Bank",),
    ("News", "Agency"), ("Motors",), ("Times",), ("Party",), (), (),
)  # fmt: skip
_MINISTRIES = ("Defence", "Justice", "Health", "Trade", "Energy", "Education")
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_THINGS = ("Treaty", "Prize", "Conference", "Festival", "Act", "Cup")


def _stem(rng: Random, syllables: int = 1) -> str:
    body = "".join(rng.choice(_ONSET) + rng.choice(_VOWEL) for _ in range(syllables)).capitalize()
    return body + rng.choice(_CODA)


def _person(rng: Random) -> tuple[str, ...]:
    last = _stem(rng, rng.choice((1, 1, 2))) + rng.choice(_PERSON_END)
    shapes = ((rng.choice(_FIRST), last), (rng.choice(_FIRST), last), (rng.choice(_FIRST),), (last,))
    if rng.random() < 0.1:
        return rng.choice(_FIRST), f"{rng.choice(_ONSET)[0]}.", last
    return rng.choice(shapes)


def _place(rng: Random) -> tuple[str, ...]:
    return (_stem(rng, rng.choice((1, 2))) + rng.choice(_PLACE_END), *rng.choice(_PLACE_MORE))


def _organisation(rng: Random) -> tuple[str, ...]:
    if rng.random() < 0.15:
        return "Ministry", "of", rng.choice(_MINISTRIES)
    if rng.random() < 0.15:
        return ("".join(rng.choice("ABCDEFGHIKLMNOPRSTUVW") for _ in range(rng.choice((2, 3, 4)))),)
    return (_stem(rng, rng.choice((1, 2))), *rng.choice(_ORG_END))


def _other(rng: Random) -> tuple[str, ...]:
    shapes = ((rng.choice(_DAYS),), (str(rng.randint(1950, 2020)),), (_stem(rng), rng.choice(_THINGS)),
              (str(rng.randint(2, 90)), "years"))  # fmt: skip
    return rng.choice(shapes)


_MAKERS = {PERSON: _person, PLACE: _place, ORGANISATION: _organisation, OTHER: _other}


class Names:
    """Names of one sentence: none comes twice."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self._given: set[tuple[str, ...]] = set()

    def __call__(self, kind: str) -> tuple[str, ...]:
        """The words of a new name of a type."""
        while True:
            name = _MAKERS[kind](self.rng)
            if name not in self._given:
                self._given.add(name)
                return name
