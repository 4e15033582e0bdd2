"""The bAbI tasks a recipe works on: generated, or from the public files that were given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from picojoule.base.errors import InputError
from picojoule.base.files import sha256
from picojoule.data.language.babi import Questions, Task, Vocabulary, encode, generate, load
from picojoule.data.language.babi.stories import first_questions
from picojoule.recipes.settings import Settings

HELD_OUT = 0.1
"""Share of the training questions that chooses weights and formats."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """A task as questions in numbers."""

    task: Task
    vocabulary: Vocabulary
    train: Questions
    held_out: Questions
    test: Questions

    @staticmethod
    def of(task: Task, vocabulary: Vocabulary | None = None) -> Asked:
        """The questions of a task; its own vocabulary if none is given."""
        words = vocabulary or Vocabulary.of(task.train)
        train, held_out = encode(task.train, words).split(HELD_OUT)
        return Asked(task=task, vocabulary=words, train=train, held_out=held_out, test=encode(task.test, words))


def obtain(settings: Settings, number: int, *, train: int, test: int) -> Task:
    """A task: generated with so many questions, or the first so many of the public files.

    Raises:
        InputError: the full mode was asked for without data.
        DataError: the files cannot be read.
    """
    if settings.mode == "full" and settings.data is None:
        remedy = "give the folder of bAbI v1.2, or babi_en10k.jsonl.gz, with --data"
        raise InputError("the full mode has no data", where="--full", remedy=remedy)
    if settings.limit is not None:
        test = min(test, settings.limit)
    if settings.data is None or settings.mode == "smoke":
        return generate(number, train=train, test=test, seed=settings.seed)
    task = load(settings.data, number)
    return Task(
        number=number,
        name=task.name,
        train=first_questions(task.train, train),
        test=first_questions(task.test, test),
        sha256=task.sha256,
    )


def summary(tasks: list[Asked]) -> dict[str, str | int]:
    """The entry ``data`` of ``result.json``."""
    kind = tasks[0].task.name.replace(f"-qa{tasks[0].task.number}", "")
    numbers = ",".join(str(each.task.number) for each in tasks)
    return {
        "name": f"{kind} tasks {numbers}",
        "train": sum(len(each.train) + len(each.held_out) for each in tasks),
        "test": sum(len(each.test) for each in tasks),
        "sha256": sha256(*(each.task.sha256.encode() for each in tasks)),
    }
