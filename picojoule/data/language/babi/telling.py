"""Telling a story line by line, and the words that the tasks share."""

from __future__ import annotations

from random import Random
from typing import final

from picojoule.data.language.babi.stories import Line, Story

MOVES = ("went", "journeyed", "travelled", "went back", "moved")
GET = ("picked up", "got", "grabbed", "took")
PLACES = ("bathroom", "bedroom", "kitchen", "garden", "hallway", "office")
OTHER_PLACES = ("bedroom", "kitchen", "office", "cinema", "park", "school")
NAMES = ("Mary", "John", "Sandra", "Daniel")
PRONOUNS = {"Mary": "she", "John": "he", "Sandra": "she", "Daniel": "he"}
LATER = ("After that", "Following that", "Afterwards", "Then")


@final
class Telling:
    """A story that grows.

    Args:
        rng: of everything random in it.
    """

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.lines: list[Line] = []
        self.asked = 0

    def say(self, text: str) -> int:
        """Add a statement; its number."""
        self.lines.append(Line(text=f"{text[0].upper()}{text[1:]}."))
        return len(self.lines)

    def ask(self, text: str, answer: str, *support: int) -> None:
        """Add a question."""
        self.lines.append(Line(text=f"{text[0].upper()}{text[1:]}?", answer=answer, support=support))
        self.asked += 1

    def move(self, who: str, place: str, *, later: str = "") -> int:
        """Somebody moves; `later` stands before."""
        start = f"{later} {who}" if later else who
        return self.say(f"{start} {self.rng.choice(MOVES)} to the {place}")

    def other(self, things: tuple[str, ...], *not_these: str | None) -> str:
        """One of the things, not any of these."""
        return self.rng.choice([each for each in things if each not in not_these])

    def yes_or_no(self, form: str, truth: str, others: tuple[str, ...], *support: int) -> None:
        """Ask, as often as not, for the truth or for something else: ``Is Mary in the {}?``."""
        right = self.rng.random() < 0.5
        about = truth if right else self.other(others, truth)
        self.ask(form.format(about), "yes" if right else "no", *support)

    @property
    def story(self) -> Story:
        """What was told."""
        return tuple(self.lines)
