"""Tasks 1 and 9 to 14: where people are, told straight, denied, left open, by pronouns, and out of order."""

from __future__ import annotations

from random import Random

from picojoule.data.language.babi.stories import Story
from picojoule.data.language.babi.telling import LATER, NAMES, OTHER_PLACES, PLACES, PRONOUNS, Telling

_QUESTIONS = 5
_OTHER_NAMES = ("Mary", "Fred", "Bill", "Julie")


def single(rng: Random) -> Story:
    """Task 1: two moves, then where somebody is."""
    tell, at = Telling(rng), {}
    while tell.asked < _QUESTIONS:
        for _ in range(2):
            who = rng.choice(NAMES)
            place = tell.other(PLACES, at.get(who, ("",))[0])
            at[who] = (place, tell.move(who, place))
        _where(tell, at)
    return tell.story


def _where(tell: Telling, at: dict[str, tuple[str, int]]) -> None:
    who = tell.rng.choice(list(at))
    tell.ask(f"where is {who}", *at[who])


def negation(rng: Random) -> Story:
    """Task 9: some statements say only where somebody is not."""
    tell, known = Telling(rng), {}
    while tell.asked < _QUESTIONS:
        for _ in range(2):
            who = rng.choice(NAMES)
            before, truly, _ = known.get(who, ("", False, 0))
            if rng.random() < 0.25:
                place = before if truly else rng.choice(PLACES)
                line = tell.say(f"{who} is {rng.choice(('no longer', 'not'))} in the {place}")
                known[who] = (place, False, line)
            else:
                place = tell.other(PLACES, before)
                line = tell.move(who, place) if rng.random() < 2 / 3 else tell.say(f"{who} is in the {place}")
                known[who] = (place, True, line)
        who = rng.choice(list(known))
        place, truly, line = known[who]
        if truly:
            tell.yes_or_no(f"is {who} in the {{}}", place, PLACES, line)
        else:
            tell.ask(f"is {who} in the {place}", "no", line)
    return tell.story


_OPEN = 0.6
"""How often a question about somebody in one of two places asks for one of the two; fitted to the public answers."""


def indefinite(rng: Random) -> Story:
    """Task 10: somebody may be in either of two places."""
    tell, known = Telling(rng), {}
    while tell.asked < _QUESTIONS:
        for _ in range(2):
            who = rng.choice(_OTHER_NAMES)
            first, second = rng.sample(OTHER_PLACES, 2)
            kind = rng.random()
            if kind < 0.25:
                line = tell.say(f"{who} is either in the {first} or the {second}")
                known[who] = ((first, second), line)
            else:
                line = tell.say(f"{who} is in the {first}") if kind < 0.5 else tell.move(who, first)
                known[who] = ((first,), line)
        who = rng.choice(list(known))
        places, line = known[who]
        if len(places) == 1:
            tell.yes_or_no(f"is {who} in the {{}}", places[0], OTHER_PLACES, line)
        elif rng.random() < _OPEN:
            tell.ask(f"is {who} in the {rng.choice(places)}", "maybe", line)
        else:
            tell.ask(f"is {who} in the {tell.other(OTHER_PLACES, *places)}", "no", line)
    return tell.story


def coreference(rng: Random) -> Story:
    """Task 11: the second move of two is told with a pronoun."""
    tell, at = Telling(rng), {}
    while tell.asked < _QUESTIONS:
        who = rng.choice(NAMES)
        first = rng.choice(PLACES)
        line = tell.move(who, first)
        second = tell.other(PLACES, first)
        at[who] = (second, line, tell.move(PRONOUNS[who], second, later=rng.choice(LATER)))
        _where(tell, at)
    return tell.story


def conjunction(rng: Random) -> Story:
    """Task 12: two people move together."""
    tell, at = Telling(rng), {}
    while tell.asked < _QUESTIONS:
        for _ in range(2):
            pair = rng.sample(NAMES, 2)
            place = rng.choice(PLACES)
            line = tell.move(" and ".join(pair), place)
            at |= dict.fromkeys(pair, (place, line))
        _where(tell, at)
    return tell.story


def compound(rng: Random) -> Story:
    """Task 13: two people move together, then so do they."""
    tell, at = Telling(rng), {}
    while tell.asked < _QUESTIONS:
        pair = rng.sample(NAMES, 2)
        first = rng.choice(PLACES)
        line = tell.move(" and ".join(pair), first)
        second = tell.other(PLACES, first)
        last = tell.move("they", second, later=rng.choice(LATER))
        at |= dict.fromkeys(pair, (second, line, last))
        _where(tell, at)
    return tell.story


_TIMES = ("yesterday", "this morning", "this afternoon", "this evening")


def times(rng: Random) -> Story:
    """Task 14: moves at four times; of each person the first two are told in any order, the others in theirs."""
    tell = Telling(rng)
    order = {who: [*rng.sample((0, 1), 2), 2, 3] for who in _OTHER_NAMES}
    went = {who: _way(tell) for who in _OTHER_NAMES}
    lines: dict[str, dict[int, int]] = {who: {} for who in _OTHER_NAMES}
    while tell.asked < _QUESTIONS:
        for _ in range(2):
            who = rng.choice([each for each in _OTHER_NAMES if order[each]])
            slot = order[who].pop(0)
            verb = rng.choice(("went", "journeyed", "travelled", "went back", "moved"))
            move = f"{who} {verb} to the {went[who][slot]}"
            lines[who][slot] = tell.say(f"{_TIMES[slot]} {move}" if rng.random() < 0.5 else f"{move} {_TIMES[slot]}")
        able = [each for each in _OTHER_NAMES if len(lines[each]) > 1]
        if able:
            who = rng.choice(able)
            _before(tell, who, went[who], lines[who])
    return tell.story


def _way(tell: Telling) -> list[str]:
    """A place for each time, never the same twice running."""
    way = [tell.rng.choice(OTHER_PLACES)]
    while len(way) < len(_TIMES):
        way.append(tell.other(OTHER_PLACES, way[-1]))
    return way


def _before(tell: Telling, who: str, way: list[str], lines: dict[int, int]) -> None:
    """Where somebody was before a place: of several visits the latest is meant."""
    place = way[tell.rng.choice([slot for slot in lines if slot])]
    slot = max(slot for slot in lines if way[slot] == place)
    if slot:
        tell.ask(f"where was {who} before the {place}", way[slot - 1], lines[slot], lines[slot - 1])
