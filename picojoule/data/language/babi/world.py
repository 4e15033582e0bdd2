"""Tasks 2, 3 and 5 to 8: people walk about, and take, leave and give things.

The world knows where everybody and everything is. The reader knows only what was told: people and things begin in
places that nobody mentions, and a question is asked only where the story has its answer. After every second statement
a question is tried; where it cannot be answered yet, the story goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import final

from picojoule.data.language.babi.stories import Story
from picojoule.data.language.babi.telling import GET, NAMES, PLACES, Telling

THINGS = ("milk", "football", "apple")
_DROP = ("left", "discarded", "dropped", "put down")
_GIVE = ("passed", "gave", "handed")
_QUESTIONS = 5


@final
@dataclass
class Thing:
    """A thing: where it is or who has it, and since which line the reader knows.

    Attributes:
        place: where it is, while nobody has it.
        holder: who has it.
        line: that told of its last change of hands.
        left: lines that say where it was left; none where the reader cannot know.
        seen: where it was carried since somebody took it, and the lines that say so.
    """

    place: str
    holder: str | None = None
    line: int | None = None
    left: tuple[int, ...] = ()
    seen: list[tuple[str, int]] = field(default_factory=list)


@final
class World:
    """People and things, and what the reader knows of them."""

    def __init__(self, tell: Telling, names: tuple[str, ...]) -> None:
        rng = tell.rng
        self.tell, self.names = tell, names
        self.at = {name: rng.choice(PLACES) for name in names}
        self.known: dict[str, tuple[str, int]] = {}
        """Where a person is known to be, and the line that said so."""
        self.things = {thing: Thing(rng.choice(PLACES)) for thing in THINGS}
        self.handled: dict[str, list[int]] = {}
        """Lines that told of a person taking, leaving, giving or being given something."""
        self.given: tuple[str, str, str, int, int] | None = None
        """The last gift: giver, thing, receiver, its line, and how many statements there were up to it."""
        self.statements = 0

    def act(self, kind: str, there: float) -> bool:
        """Do one of the possible actions of a kind; False where there is none. `there` is said so often."""
        possible = _POSSIBLE[kind](self)
        if possible:
            suffix = " there" if self.tell.rng.random() < there else ""
            _TOLD[kind](self, *self.tell.rng.choice(possible), suffix)
            self.statements += 1
        return bool(possible)

    def free(self) -> list[tuple[str, str]]:
        """Who could take which thing."""
        loose = [(name, thing.place) for name, thing in self.things.items() if thing.holder is None]
        return [(who, name) for name, place in loose for who in self.names if self.at[who] == place]

    def held(self) -> list[tuple[str, str]]:
        """Who has which thing."""
        return [(thing.holder, name) for name, thing in self.things.items() if thing.holder]

    def gifts(self) -> list[tuple[str, str, str]]:
        """Who could give which thing to whom."""
        return [
            (who, name, to)
            for who, name in self.held()
            for to in self.names
            if to != who and self.at[to] == self.at[who]
        ]

    def move(self, who: str, place: str, suffix: str = "") -> None:
        """Somebody goes there, with everything in hand."""
        line = self.tell.move(who, place)
        self.at[who], self.known[who] = place, (place, line)
        for thing in self.things.values():
            if thing.holder == who:
                thing.seen.append((place, line))

    def get(self, who: str, name: str, suffix: str) -> None:
        """Somebody takes a thing."""
        thing = self.things[name]
        thing.line = self.tell.say(f"{who} {self.tell.rng.choice(GET)} the {name}{suffix}")
        thing.holder, thing.seen = who, []
        self._handle(thing.line, who)

    def drop(self, who: str, name: str, suffix: str) -> None:
        """Somebody leaves a thing."""
        thing = self.things[name]
        thing.line = self.tell.say(f"{who} {self.tell.rng.choice(_DROP)} the {name}{suffix}")
        thing.holder, thing.place = None, self.at[who]
        self._handle(thing.line, who)
        thing.left = (thing.line, self.known[who][1]) if who in self.known else ()

    def give(self, who: str, name: str, to: str, suffix: str) -> None:
        """Somebody gives a thing away."""
        thing = self.things[name]
        thing.line = self.tell.say(f"{who} {self.tell.rng.choice(_GIVE)} the {name} to {to}")
        thing.holder = to
        self._handle(thing.line, who)
        if to in self.handled:
            self._handle(thing.line, to)
        self.given = (who, name, to, thing.line, self.statements)

    def _handle(self, line: int, who: str) -> None:
        self.handled.setdefault(who, []).append(line)

    def place_of(self, thing: Thing) -> tuple[str, tuple[int, ...]] | None:
        """Where the reader knows a thing to be, and the lines that say so."""
        if thing.line is None:
            return None
        if thing.holder is None:
            return (thing.place, thing.left) if thing.left else None
        place = self.known.get(thing.holder)
        return None if place is None else (place[0], (thing.line, place[1]))

    def carried(self, who: str) -> list[str]:
        """What a person has, in the order of getting it."""
        held = [(thing.line, name) for name, thing in self.things.items() if thing.holder == who]
        return [name for _, name in sorted(held, key=lambda each: each[0] or 0)]


_POSSIBLE: dict[str, Callable[[World], Sequence[tuple[str, ...]]]] = {
    "move": lambda world: [(who, place) for who in world.names for place in PLACES if place != world.at[who]],
    "get": World.free,
    "drop": World.held,
    "give": World.gifts,
}
_TOLD: dict[str, Callable[..., None]] = {
    "move": World.move,
    "get": World.get,
    "drop": World.drop,
    "give": World.give,
}


_HEED = 0.3
"""How often the reader asks about something that was mentioned rather than about anything; fitted."""
_WANDER = 0.06
"""How often, after the first question, the reader does not ask although there is something to ask; fitted."""


def where_is(world: World) -> None:
    """Task 2: the place of a thing."""
    mentioned = [name for name, thing in world.things.items() if thing.line]
    heeds = mentioned and world.tell.rng.random() < _HEED
    name = world.tell.rng.choice(mentioned if heeds else THINGS)
    found = world.place_of(world.things[name])
    if found is not None:
        world.tell.ask(f"where is the {name}", found[0], *found[1])


def where_was(world: World) -> None:
    """Task 3: where a thing was carried from, last."""
    carried = [name for name, thing in world.things.items() if thing.line and len(thing.seen) > 1]
    name = world.tell.rng.choice(THINGS if world.tell.asked else carried or THINGS)
    if world.tell.asked and world.tell.rng.random() < _WANDER:
        return
    if name in carried:
        thing = world.things[name]
        (before, first), (last, second) = thing.seen[-2:]
        world.tell.ask(f"where was the {name} before the {last}", before, thing.line or 0, second, first)


_PATIENCE = 4
"""Statements after a gift within which it is asked about."""
_GIFTS: tuple[tuple[float, str, int], ...] = (
    (0.336, "what did {0} give to {2}", 1),
    (0.170, "who gave the {1}", 0),
    (0.167, "who gave the {1} to {2}", 0),
    (0.165, "who received the {1}", 2),
    (0.162, "who did {0} give the {1} to", 2),
)
"""Share of a question, its form, and which of giver, thing and receiver is its answer."""


def about_the_gift(world: World) -> None:
    """Task 5: giver, thing or receiver of the last gift."""
    if world.given is None or world.statements - world.given[4] > _PATIENCE:
        return
    _, form, answer = world.tell.rng.choices(_GIFTS, [share for share, *_ in _GIFTS])[0]
    gift = world.given[:3]
    world.tell.ask(form.format(*gift), gift[answer], world.given[3])


def is_in(world: World) -> None:
    """Task 6: whether a person is in a place."""
    if world.known:
        who = world.tell.rng.choice(list(world.known))
        place, line = world.known[who]
        world.tell.yes_or_no(f"is {who} in the {{}}", place, PLACES, line)


_PASSED_OVER = {"none": 0.1, "nothing": 0.15}
"""How often somebody with nothing is passed over; fitted to the public shares of these answers."""


def how_many(world: World) -> None:
    """Task 7: how many things a person has."""
    _ask_somebody(world, "how many objects is {} carrying", lambda has: ("none", "one", "two", "three")[len(has)])


def what(world: World) -> None:
    """Task 8: what a person has."""
    _ask_somebody(world, "what is {} carrying", lambda has: ",".join(has) or "nothing")


def _ask_somebody(world: World, form: str, answer_of: Callable[[list[str]], str]) -> None:
    if not world.handled:
        return
    who = world.tell.rng.choice(list(world.handled))
    answer = answer_of(world.carried(who))
    if world.tell.rng.random() >= _PASSED_OVER.get(answer, 0.0):
        world.tell.ask(form.format(who), answer, *world.handled[who])


@final
@dataclass(frozen=True, kw_only=True)
class Walk:
    """A task of this kind.

    Attributes:
        ask: tries to ask.
        weights: how often each action is tried.
        there: how often an action is told with the word ``there``.
        names: the people.
    """

    ask: Callable[[World], None]
    weights: dict[str, float]
    there: dict[str, float] = field(default_factory=lambda: {"get": 1.0, "drop": 0.2})
    names: tuple[str, ...] = NAMES

    def story(self, rng: Random) -> Story:
        """Five questions, and as many statements as they need."""
        tell = Telling(rng)
        world = World(tell, self.names)
        kinds, weights = list(self.weights), list(self.weights.values())
        while tell.asked < _QUESTIONS:
            for _ in range(2):
                while not world.act(kind := rng.choices(kinds, weights)[0], self.there.get(kind, 0.0)):
                    pass
            self.ask(world)
        return tell.story
