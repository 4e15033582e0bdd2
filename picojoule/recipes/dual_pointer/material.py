"""The sentences: generated at several ρ, or the data that were given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import final

from picojoule.base.errors import InputError
from picojoule.data.language.relations import Corpus, Sentence
from picojoule.data.language.relations.joint import load
from picojoule.data.language.relations.sharing import generate, mixed
from picojoule.recipes.dual_pointer.plan import Plan
from picojoule.recipes.settings import Settings
from picojoule.train.linker import held_out


@final
@dataclass(frozen=True, kw_only=True)
class Task:
    """What is learnt and tested.

    Attributes:
        corpus: with validation sentences; its test sentences are all of `tests`.
        tests: by ρ; one of ρ = None where the data was given.
    """

    corpus: Corpus
    tests: dict[float | None, tuple[Sentence, ...]]

    @property
    def generated(self) -> bool:
        """Whether ρ is known."""
        return None not in self.tests


def obtain(settings: Settings, plan: Plan) -> Task:
    """The task of a run.

    Raises:
        InputError: the full mode was asked for without data.
        DataError: they cannot be read.
    """
    if settings.mode == "full" and settings.data is None:
        remedy = "give CoNLL04, ACE-2005, NYT or WebNLG with --data"
        raise InputError("the full mode has no data", where="--full", remedy=remedy)
    if settings.data is not None and settings.mode != "smoke":
        corpus = held_out(load(settings.data))
        corpus = replace(corpus, test=corpus.test[: settings.limit])
        return Task(corpus=corpus, tests={None: corpus.test})
    learnt = mixed(train=plan.train, valid=plan.valid, test=1, seed=settings.seed)
    number = min(plan.test, settings.limit or plan.test)
    tests = {ρ: generate(sharing=ρ, train=1, valid=0, test=number, seed=settings.seed).test for ρ in plan.sharing}
    return Task(corpus=replace(learnt, test=tuple(chain(*tests.values()))), tests=tests)
