"""Searchers: each looks at a number of different genomes and tells which, in order.

A searcher does not know what is searched. It hands lists of genomes to ``evaluate``, which may answer from a table,
from a supernet or from many machines, and gets their values, the higher the better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Protocol, final

from picojoule.base.errors import InputError
from picojoule.base.extras import needed
from picojoule.search.choices import Choices, Genome

Evaluate = Callable[[Sequence[Genome]], Sequence[float]]
"""The value of each of these genomes."""


@final
@dataclass(frozen=True, kw_only=True)
class Trail:
    """What a search looked at, in order, and what it was worth."""

    genomes: tuple[Genome, ...]
    values: tuple[float, ...]

    @property
    def best(self) -> Genome:
        """The first of the highest value."""
        return self.genomes[self.values.index(max(self.values))]


class Searcher(Protocol):
    """``search(choices, evaluate, budget=…, seed=…)``: looks at so many different genomes, or at all there are."""

    def __call__(self, choices: Choices, evaluate: Evaluate, *, budget: int, seed: int = 0) -> Trail: ...


@final
@dataclass(kw_only=True)
class _Seen:
    """A search while it runs."""

    choices: Choices
    evaluate: Evaluate
    budget: int
    values: dict[Genome, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.budget < 1:
            raise InputError(f"a budget of {self.budget}", where="search", remedy="allow 1 evaluation or more")
        self.budget = min(self.budget, len(self.choices))

    @property
    def left(self) -> int:
        return self.budget - len(self.values)

    def look(self, genomes: Sequence[Genome]) -> None:
        genomes = genomes[: self.left]
        if genomes:
            self.values.update(zip(genomes, self.evaluate(genomes), strict=True))

    def trail(self) -> Trail:
        return Trail(genomes=tuple(self.values), values=tuple(self.values.values()))


def random_search(choices: Choices, evaluate: Evaluate, *, budget: int, seed: int = 0) -> Trail:
    """Genomes drawn with equal chance, none twice."""
    seen, random = _Seen(choices=choices, evaluate=evaluate, budget=budget), Random(seed)
    seen.look(_new(lambda: choices.draw(random), seen, seen.left, choices, random))
    return seen.trail()


def evolution(
    choices: Choices,
    evaluate: Evaluate,
    *,
    budget: int = 400,
    seed: int = 0,
    pool: int = 20,
    parents: int = 10,
    mutants: int = 10,
    crossings: int = 10,
    chance: float = 0.2,
) -> Trail:
    """Pools of mutants and crossings of the best so far, filled up at random, no genome twice (``na2022``).

    Args:
        choices, evaluate, budget, seed: as for every searcher.
        pool: genomes evaluated together; the first are drawn.
        parents: how many of the best of all seen may have children.
        mutants, crossings: of a pool, at most.
        chance: of every position of a mutant to change.
    """
    seen, random = _Seen(choices=choices, evaluate=evaluate, budget=budget), Random(seed)
    seen.look(_new(lambda: choices.draw(random), seen, pool, choices, random))
    while seen.left:
        best = sorted(seen.values, key=seen.values.__getitem__, reverse=True)[:parents]
        made = _some(partial(_mutant, choices, best, random, chance), {*seen.values}, min(mutants, pool))
        made += _some(
            partial(_crossing, choices, best, random), {*seen.values, *made}, min(crossings, pool - len(made))
        )
        fill = _new(lambda: choices.draw(random), seen, pool - len(made), choices, random, made)
        seen.look([*made, *fill])
    return seen.trail()


def _mutant(choices: Choices, best: Sequence[Genome], random: Random, chance: float) -> Genome:
    return choices.mutate(random.choice(best), random, chance)


def _crossing(choices: Choices, best: Sequence[Genome], random: Random) -> Genome:
    return choices.cross(*random.sample(best, 2), random) if len(best) > 1 else best[0]


def tpe(choices: Choices, evaluate: Evaluate, *, budget: int, seed: int = 0) -> Trail:
    """The tree-structured Parzen estimator of optuna, one genome after the other; repeated ones cost nothing.

    Raises:
        MissingExtra: optuna is not installed.
    """
    optuna = needed("optuna", extra="search", needed_for="the searcher tpe")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seen = _Seen(choices=choices, evaluate=evaluate, budget=budget)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    random, repeats = Random(seed), 0
    while seen.left:
        trial = study.ask()
        genome = tuple(trial.suggest_categorical(str(i), range(n)) for i, n in enumerate(choices.options))
        if genome in seen.values and (repeats := repeats + 1) > _REPEATS:  # it has settled: go on at random
            seen.look(_new(lambda: choices.draw(random), seen, seen.left, choices, random))
            break
        if genome not in seen.values:
            repeats = 0
            seen.look([genome])
        study.tell(trial, seen.values[genome])
    return seen.trail()


_REPEATS = 20
"""Proposals in a row that were known already."""


def _some(make: Callable[[], Genome], known: set[Genome], wanted: int) -> list[Genome]:
    """So many that `make` makes and that are new; fewer where it keeps making known ones."""
    found: dict[Genome, None] = {}
    for _ in range(10 * wanted):
        if len(found) == wanted:
            break
        genome = make()
        if genome not in known:
            found[genome] = None
    return list(found)


def _new(
    make: Callable[[], Genome], seen: _Seen, wanted: int, choices: Choices, random: Random, made: Sequence[Genome] = ()
) -> list[Genome]:
    """So many new ones, or all that are left: where draws keep hitting known ones, from the list of the others."""
    known = {*seen.values, *made}
    wanted = min(wanted, len(choices) - len(known), seen.left)
    found = _some(make, known, wanted)
    if len(found) < wanted:
        others = [each for each in choices if each not in known and each not in found]
        found += random.sample(others, wanted - len(found))
    return found


SEARCHERS: dict[str, Searcher] = {"evolution": evolution, "random": random_search, "tpe": tpe}
"""Every searcher, by its name."""
