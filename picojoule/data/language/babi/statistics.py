"""What can be counted in stories: the numbers by which a generated task is held against the public one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import final

from picojoule.data.language.babi.stories import Story, questions

_SLOTS = {
    "N": "mary john sandra daniel fred bill jeff julie gertrude winona jessica emily lily bernhard greg julius brian"
    " jason antoine sumit yann he she",
    "L": "bathroom bedroom kitchen garden hallway office cinema park school",
    "O": "milk football apple pajamas",
    "A": "mouse mice sheep wolf wolves cat cats swan lion frog rhino",
    "C": "gray white yellow green red blue pink",
    "S": "square rectangle triangle sphere",
    "K": "box chest suitcase container chocolate chocolates",
    "M": "hungry thirsty bored tired",
}
_SLOT = {word: slot for slot, words in _SLOTS.items() for word in words.split()}


@final
@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Means and shares.

    Attributes:
        statements: in a story.
        asked: questions in a story.
        memories: statements before a question.
        words: in a statement.
        vocabulary: different words in statements and questions.
        majority: share of the most frequent answer.
        answers: different answers.
        templates: share of each form of statement, its names and things replaced by letters.
    """

    statements: float
    asked: float
    memories: float
    words: float
    vocabulary: int
    majority: float
    answers: int
    templates: dict[str, float]

    @staticmethod
    def of(stories: Iterable[Story]) -> Statistics:
        """The statistics of stories."""
        stories = tuple(stories)
        told = [line for story in stories for line in story if line.answer is None]
        asked = list(questions(stories))
        answers = Counter(question.answer for _, question in asked)
        forms = Counter(template(line.text) for line in told)
        return Statistics(
            statements=len(told) / len(stories),
            asked=len(asked) / len(stories),
            memories=fmean(len(before) for before, _ in asked),
            words=fmean(len(line.words) for line in told),
            vocabulary=len({word for story in stories for line in story for word in line.words}),
            majority=max(answers.values()) / len(asked),
            answers=len(answers),
            templates={form: count / len(told) for form, count in forms.most_common()},
        )


def template(text: str) -> str:
    """A statement with letters for its names and things: ``Mary got the milk there.`` is ``N got the O there``."""
    return " ".join(_SLOT.get(word, word) for word in re.findall(r"\w+", text.lower()))
