"""Tasks 4 and 15 to 20: facts from which the answer follows, in any order."""

from __future__ import annotations

from random import Random

from picojoule.data.language.babi.stories import Story
from picojoule.data.language.babi.telling import GET, PLACES, Telling

_OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}


def relations(rng: Random) -> Story:
    """Task 4: three places in a row, and which is beside which."""
    tell = Telling(rng)
    places = rng.sample(PLACES, 3)
    way = rng.choice(list(_OPPOSITE))
    pairs = [(places[0], places[1]), (places[1], places[2])]  # the first of each is `way` of the second
    rng.shuffle(pairs)
    lines = [tell.say(_beside(rng, first, way, second)) for first, second in pairs]
    asked = rng.randrange(2)
    first, way, second = _turned(rng, pairs[asked][0], way, pairs[asked][1])
    if rng.random() < 0.5:
        tell.ask(f"what is {way} of the {second}", first, lines[asked])
    else:
        tell.ask(f"what is the {first} {way} of", second, lines[asked])
    return tell.story


def _turned(rng: Random, first: str, way: str, second: str) -> tuple[str, str, str]:
    """The same relation, as often as not from the other side."""
    return (first, way, second) if rng.random() < 0.5 else (second, _OPPOSITE[way], first)


def _beside(rng: Random, first: str, way: str, second: str) -> str:
    first, way, second = _turned(rng, first, way, second)
    return f"the {first} is {way} of the {second}"


_PLURAL = {"mouse": "mice", "sheep": "sheep", "wolf": "wolves", "cat": "cats"}
_DEDUCERS = ("Gertrude", "Winona", "Jessica", "Emily")


def deduction(rng: Random) -> Story:
    """Task 15: what somebody is, and what those are afraid of."""
    tell = Telling(rng)
    animals = tuple(_PLURAL)
    fears = {animal: tell.other(animals, animal) for animal in animals}
    kinds = {who: rng.choice(animals) for who in _DEDUCERS}
    facts = [(who, f"{who} is a {animal}") for who, animal in kinds.items()]
    facts += [(animal, f"{_PLURAL[animal]} are afraid of {_PLURAL[of]}") for animal, of in fears.items()]
    rng.shuffle(facts)
    lines = {about: tell.say(text) for about, text in facts}
    for _ in range(4):
        who = rng.choice(_DEDUCERS)
        tell.ask(f"what is {who.lower()} afraid of", fears[kinds[who]], lines[who], lines[kinds[who]])
    return tell.story


_INDUCERS = ("Lily", "Bernhard", "Greg", "Julius", "Brian")


def induction(rng: Random) -> Story:
    """Task 16: somebody's colour, from another of the same kind."""
    tell = Telling(rng)
    colours = {animal: rng.choice(("gray", "white", "yellow", "green")) for animal in ("swan", "lion", "frog", "rhino")}
    kinds = {who: rng.choice(list(colours)) for who in _INDUCERS}
    alike = [who for who in _INDUCERS if list(kinds.values()).count(kinds[who]) > 1]
    asked = rng.choice(alike)  # five of four kinds: two are alike
    facts = [(who, f"{who} is a {kinds[who]}") for who in _INDUCERS]
    facts += [(f"{who}'s", f"{who} is {colours[kinds[who]]}") for who in _INDUCERS if who != asked]
    rng.shuffle(facts)
    lines = {about: tell.say(text) for about, text in facts}
    twin = next(who for who in _INDUCERS if who != asked and kinds[who] == kinds[asked])
    tell.ask(f"what color is {asked}", colours[kinds[asked]], lines[asked], lines[twin], lines[f"{twin}'s"])
    return tell.story


_SHAPES = ("triangle", "pink rectangle", "red sphere", "blue square", "yellow square", "red square")
_SIDES = {(0, 1): "above", (0, -1): "below", (-1, 0): "to the left of", (1, 0): "to the right of"}


def positions(rng: Random) -> Story:
    """Task 17: where two shapes are, told by a third."""
    tell = Telling(rng)
    first, middle, last = rng.sample(_SHAPES, 3)
    at: dict[str, tuple[int, int]] = {}
    while not at or at[first] == at[last]:
        at = {middle: (0, 0), first: rng.choice(list(_SIDES)), last: rng.choice(list(_SIDES))}
    pairs = [(first, middle), (last, middle)]
    rng.shuffle(pairs)
    lines = [tell.say(_side(at, *rng.sample(pair, 2))) for pair in pairs]
    for _ in range(8):
        a, b = rng.sample((first, last), 2)
        apart = [axis for axis in (0, 1) if at[a][axis] != at[b][axis]]
        axis = rng.choice(apart)
        sign = 1 if at[a][axis] > at[b][axis] else -1
        told = rng.choice((1, -1))
        way = (told, 0) if axis == 0 else (0, told)
        tell.ask(f"is the {a} {_SIDES[way]} the {b}", "yes" if told == sign else "no", *lines)
    return tell.story


def _side(at: dict[str, tuple[int, int]], a: str, b: str) -> str:
    way = (at[a][0] - at[b][0], at[a][1] - at[b][1])
    return f"the {a} is {_SIDES[way]} the {b}"


_LARGE = ("box", "chest", "suitcase", "container")
_SMALL = ("box of chocolates", "chocolate")
_FACTS = 5


def sizes(rng: Random) -> Story:
    """Task 18: which of two is bigger, by a third between them."""
    tell = Telling(rng)
    order = [*rng.sample(_LARGE, len(_LARGE)), *_SMALL]  # the biggest first
    lines: dict[tuple[str, str], int] = {}
    while not tell.asked:
        for _ in range(_FACTS):
            big, small = sorted(rng.sample(order, 2), key=order.index)
            bigger = rng.random() < 0.5
            text = f"the {big} is bigger than the {small}" if bigger else f"the {small} fits inside the {big}"
            lines.setdefault((big, small), tell.say(text))
        pairs = [(big, small) for big in order for small in order[order.index(big) + 1 :]]
        rng.shuffle(pairs)
        for big, small in pairs:
            between = [x for x in order if (big, x) in lines and (x, small) in lines]
            if between:
                _ask_sizes(tell, big, small, lines[big, between[0]], lines[between[0], small])
                break
    return tell.story


def _ask_sizes(tell: Telling, big: str, small: str, *support: int) -> None:
    for _ in range(5):
        a, b = tell.rng.sample((big, small), 2)
        if tell.rng.random() < 0.5:
            tell.ask(f"is the {a} bigger than the {b}", "yes" if a == big else "no", *support)
        else:
            tell.ask(f"does the {a} fit in the {b}", "yes" if a == small else "no", *support)


_STEPS = {"n": (0, 1), "s": (0, -1), "e": (1, 0), "w": (-1, 0)}
_SHORT = {"north": "n", "south": "s", "east": "e", "west": "w"}


def paths(rng: Random) -> Story:
    """Task 19: two steps from one place to another; six places hang together by five facts, so one way leads there."""
    tell = Telling(rng)
    names = rng.sample(PLACES, len(PLACES))
    at = {names[0]: (0, 0)}
    ways: dict[tuple[str, str], str] = {}
    first, second = _two_steps(rng)
    for name, beside, way in ((names[1], names[0], first), (names[2], names[1], second)):
        _put(at, ways, name, beside, way)
    for name in names[3:]:
        while name not in at:
            _put(at, ways, name, rng.choice(list(at)), rng.choice(list(_STEPS)))
    facts = [(name, beside) for (name, beside) in ways]
    rng.shuffle(facts)
    lines = {}
    long = {short: word for word, short in _SHORT.items()}
    for name, beside in facts:
        lines[name, beside] = tell.say(_beside(rng, name, long[ways[name, beside]], beside))
    support = (lines[names[1], names[0]], lines[names[2], names[1]])
    tell.ask(f"how do you go from the {names[0]} to the {names[2]}", f"{first},{second}", *support)
    return tell.story


def _two_steps(rng: Random) -> tuple[str, str]:
    """Any two ways, the second not back."""
    first = rng.choice(list(_STEPS))
    back = tuple(-each for each in _STEPS[first])
    return first, rng.choice([way for way, step in _STEPS.items() if step != back])


def _put(at: dict[str, tuple[int, int]], ways: dict[tuple[str, str], str], name: str, beside: str, way: str) -> None:
    """Put a place beside another one, where there is room."""
    x, y = at[beside]
    step = _STEPS[way]
    place = (x + step[0], y + step[1])
    if place not in at.values():
        at[name] = place
        ways[name, beside] = way


_MOTIVES = {
    "hungry": ("kitchen", "apple"),
    "thirsty": ("kitchen", "milk"),
    "tired": ("bedroom", "pajamas"),
    "bored": ("garden", "football"),
}
_AGENTS = ("Jason", "Antoine", "Sumit", "Yann")
_GETTERS = {1: 0.01, 2: 0.34, 3: 0.56, 4: 0.09}
"""How many of the four get something in the end, and how often; measured in the public stories."""


def motivations(rng: Random) -> Story:
    """Task 20: a state sends people somewhere to get something; every statement is asked about."""
    tell = Telling(rng)
    states = {who: rng.choice(list(_MOTIVES)) for who in _AGENTS}
    getters = rng.sample(_AGENTS, rng.choices(list(_GETTERS), list(_GETTERS.values()))[0])
    left = {who: ["is", "move", "get"][: 3 if who in getters else 2] for who in _AGENTS}
    lines: dict[str, int] = {}
    while any(left.values()):
        who = rng.choice([each for each in _AGENTS if left[each]])
        state = states[who]
        place, thing = _MOTIVES[state]
        step = left[who].pop(0)
        if step == "is":
            lines[who] = tell.say(f"{who} is {state}")
            tell.ask(f"where will {who.lower()} go", place, lines[who])
        elif step == "move":
            tell.move(who, place)
            tell.ask(f"why did {who.lower()} go to the {place}", state, lines[who])
        else:
            tell.say(f"{who} {rng.choice(GET)} the {thing} there")
            tell.ask(f"why did {who.lower()} get the {thing}", state, lines[who])
    return tell.story
