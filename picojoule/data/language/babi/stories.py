"""Stories as values, and the text form of the public files.

::

    1 Mary moved to the bathroom.
    2 Where is Mary? <tab> bathroom <tab> 1          question, answer, lines that support it

The number begins again at 1 with each story.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import final

from picojoule.base.errors import DataError, InputError

TITLES: dict[int, str] = {
    1: "single supporting fact",
    2: "two supporting facts",
    3: "three supporting facts",
    4: "two-argument relations",
    5: "three-argument relations",
    6: "yes/no questions",
    7: "counting",
    8: "lists/sets",
    9: "simple negation",
    10: "indefinite knowledge",
    11: "basic coreference",
    12: "conjunction",
    13: "compound coreference",
    14: "time reasoning",
    15: "basic deduction",
    16: "basic induction",
    17: "positional reasoning",
    18: "size reasoning",
    19: "path finding",
    20: "agents' motivations",
}


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A statement, or a question with its answer.

    Attributes:
        text: as written, with its full stop or question mark.
        answer: one token, such as ``apple,milk``; None for a statement.
        support: numbers of the lines, from 1, that the answer follows from.
    """

    text: str
    answer: str | None = None
    support: tuple[int, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Lower-cased words."""
        return tuple(re.findall(r"\w+", self.text.lower()))


Story = tuple[Line, ...]


@final
@dataclass(frozen=True, kw_only=True)
class Task:
    """One of the twenty.

    Attributes:
        number: 1 to 20.
        name: where it is from, for tables.
        train, test: stories.
        sha256: of the text.
    """

    number: int
    name: str
    train: tuple[Story, ...]
    test: tuple[Story, ...]
    sha256: str

    @property
    def title(self) -> str:
        """What the task asks for."""
        return TITLES[self.number]


def require_number(number: int) -> int:
    """The number of a task.

    Raises:
        InputError: there is no such task.
    """
    if number not in TITLES:
        raise InputError(f"there is no task {number}", where="bAbI", remedy="give a number from 1 to 20")
    return number


def questions(stories: Iterable[Story]) -> Iterator[tuple[tuple[Line, ...], Line]]:
    """Every question with the statements before it."""
    for story in stories:
        told: list[Line] = []
        for line in story:
            if line.answer is None:
                told.append(line)
            else:
                yield tuple(told), line


def first_questions(stories: Sequence[Story], limit: int) -> tuple[Story, ...]:
    """The stories up to question number `limit`; what follows it in its story is cut off."""
    kept, left = [], limit
    for story in stories:
        asked = [i for i, line in enumerate(story) if line.answer is not None]
        kept.append(story if len(asked) <= left else story[: asked[left - 1] + 1])
        left -= min(left, len(asked))
        if not left:
            break
    return tuple(kept)


def parse(text: str, where: str) -> tuple[Story, ...]:
    """The stories in a text.

    Args:
        text: of a public file.
        where: its name, for errors.

    Raises:
        DataError: a line that is neither statement nor question, or a text without a question.
    """
    stories: list[list[Line]] = []
    for number, row in enumerate(filter(None, text.splitlines()), 1):
        match = re.fullmatch(r"(\d+) ([^\t]+)(?:\t([^\t]+)\t([\d ]*))?", row)
        if match is None or (not stories and match[1] != "1"):
            remedy = "give a bAbI file: '1 Mary is here.' or '2 Where is Mary?<tab>here<tab>1'"
            raise DataError(f"cannot read {row[:60]!r}", where=f"{where}:{number}", remedy=remedy)
        if match[1] == "1":
            stories.append([])
        support = tuple(int(each) for each in (match[4] or "").split())
        stories[-1].append(Line(text=match[2].strip(), answer=match[3], support=support))
    if not any(line.answer for story in stories for line in story):
        raise DataError("there is no question in it", where=where, remedy="give a bAbI file with questions")
    return tuple(map(tuple, stories))


def write(stories: Iterable[Story]) -> str:
    """The text of stories; `parse` reads it."""
    rows = []
    for story in stories:
        for number, line in enumerate(story, 1):
            asked = "" if line.answer is None else f"\t{line.answer}\t{' '.join(map(str, line.support))}"
            rows.append(f"{number} {line.text}{asked}\n")
    return "".join(rows)
