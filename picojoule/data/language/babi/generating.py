"""Generated twins of the twenty tasks: our own processes, with the surface statistics of the public files.

The processes are simulations, not templates filled in: a question is asked only where its answer follows from what was
told. How close they come is measured by :class:`picojoule.data.language.babi.Statistics`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from picojoule.base.errors import InputError
from picojoule.base.files import sha256
from picojoule.data.language.babi import facts, moving, world
from picojoule.data.language.babi.stories import Story, Task, first_questions, require_number, write
from picojoule.data.language.babi.world import Walk

_GIVERS = ("Mary", "Fred", "Bill", "Jeff")

_WALK = {"move": 2.3, "get": 1.05, "drop": 1.0}
_WALK_GIVING = {"move": 2.9, "get": 1.4, "drop": 1.0, "give": 3.8}
"""How often each action is tried; fitted to how often the public stories have each."""

PROCESSES: dict[int, Callable[[Random], Story]] = {
    1: moving.single,
    2: Walk(ask=world.where_is, weights=_WALK).story,
    3: Walk(ask=world.where_was, weights=_WALK, there={"get": 0.2, "drop": 0.2}).story,
    4: facts.relations,
    5: Walk(ask=world.about_the_gift, weights=_WALK_GIVING, names=_GIVERS).story,
    6: Walk(ask=world.is_in, weights=_WALK).story,
    7: Walk(ask=world.how_many, weights=_WALK_GIVING).story,
    8: Walk(ask=world.what, weights=_WALK).story,
    9: moving.negation,
    10: moving.indefinite,
    11: moving.coreference,
    12: moving.conjunction,
    13: moving.compound,
    14: moving.times,
    15: facts.deduction,
    16: facts.induction,
    17: facts.positions,
    18: facts.sizes,
    19: facts.paths,
    20: facts.motivations,
}
"""One story of each task."""


def generate(number: int, *, train: int = 1000, test: int = 1000, seed: int = 0) -> Task:
    """A generated task.

    Args:
        number: of the task.
        train, test: numbers of questions.
        seed: of everything in it; each task and part draws from its own stream.

    Raises:
        InputError: there is no such task, or fewer than one question is asked for.
    """
    require_number(number)
    if train < 1 or test < 1:
        raise InputError(f"{train} and {test} questions", where="bAbI generator", remedy="ask for 1 or more of each")
    parts = {part: _stories(number, n, f"{seed} {number} {part}") for part, n in (("train", train), ("test", test))}
    digest = sha256(*(write(stories).encode() for stories in parts.values()))
    return Task(number=number, name=f"synthetic-babi-qa{number}-seed{seed}", **parts, sha256=digest)


def _stories(number: int, questions: int, stream: str) -> tuple[Story, ...]:
    rng = Random(stream)
    stories: list[Story] = []
    asked = 0
    while asked < questions:
        stories.append(PROCESSES[number](rng))
        asked += sum(line.answer is not None for line in stories[-1])
    return first_questions(stories, questions)
