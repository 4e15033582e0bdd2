"""Spaces, fitness, fronts and searchers, on a table whose best is known."""

import sys
from random import Random
from statistics import median

import pytest
from search_case import known

from picojoule.base.errors import InputError, MissingExtra
from picojoule.search import SEARCHERS, Choices, Fitness, Score, Trail, evolution, front, random_search
from picojoule.search.front import regret

SPACE = Choices(options=(5, 5, 5, 5))
TABLE = {genome: known(genome) for genome in SPACE}
FITNESS = Fitness.of(TABLE.values())


def look(genomes):
    return [FITNESS(TABLE[genome]) for genome in genomes]


def test_a_space_is_all_combinations():
    space = Choices(options=(2, 3, 1))
    assert len(space) == len(set(space)) == 6 and all(space.draw(Random(i)) in set(space) for i in range(20))


def test_mutants_change_to_other_options_only_at_the_chance_given():
    random, space = Random(0), Choices(options=(5,) * 10)
    changed = [sum(a != b for a, b in zip(space.mutate((2,) * 10, random, 0.2), (2,) * 10)) for _ in range(400)]  # noqa: B905
    assert sum(changed) / len(changed) == pytest.approx(2.0, abs=0.15)
    assert all(2 not in space.mutate((2,) * 10, random, 1.0) for _ in range(50))
    assert Choices(options=(1, 1)).mutate((0, 0), random, 1.0) == (0, 0)


def test_crossings_are_cut_once_inside():
    random, space = Random(0), Choices(options=(2,) * 4)
    made = {space.cross((0,) * 4, (1,) * 4, random) for _ in range(50)}
    assert made == {(0, 1, 1, 1), (0, 0, 1, 1), (0, 0, 0, 1)}


def test_fitness_is_the_papers():
    score = Score(accuracy=0.9, spikes=55_000.0, synops=2.0, joules=3e-6)
    assert Fitness(average=110_000)(score) == pytest.approx(0.9 * 2**0.08)
    assert Fitness(average=110_000, weight=0)(score) == 0.9
    assert Fitness(average=4.0, by="synops", weight=-1)(score) == pytest.approx(1.8)
    assert Fitness(average=6e-6, by="joules", weight=-1)(score) == pytest.approx(1.8)
    assert Fitness(average=10)(Score(accuracy=0.1, spikes=0.0, synops=0.0, joules=0.0)) < 1


def test_the_front_is_what_nothing_beats():
    found = front(TABLE)

    def beaten(genome):
        a = TABLE[genome]
        return any(
            b.accuracy >= a.accuracy and b.spikes <= a.spikes and (b.accuracy, b.spikes) != (a.accuracy, a.spikes)
            for b in TABLE.values()
        )

    points = {(TABLE[g].accuracy, TABLE[g].spikes) for g in found}
    assert points == {(s.accuracy, s.spikes) for g, s in TABLE.items() if not beaten(g)}
    assert len(points) == len(found) > 3


@pytest.mark.parametrize("name", SEARCHERS)
@pytest.mark.parametrize("budget", [1, 7, 60])
def test_searchers_look_at_so_many_different_ones_and_repeat_themselves(name, budget):
    asked = []

    def watched(genomes):
        asked.extend(genomes)
        return look(genomes)

    trail = SEARCHERS[name](SPACE, watched, budget=budget, seed=3)
    assert trail.genomes == tuple(asked) and len(set(asked)) == len(asked) == budget
    assert trail.values == tuple(look(asked)) and max(trail.values) == look([trail.best])[0]
    assert SEARCHERS[name](SPACE, look, budget=budget, seed=3) == trail
    assert budget == 1 or SEARCHERS[name](SPACE, look, budget=budget, seed=4) != trail


@pytest.mark.parametrize("name", SEARCHERS)
def test_a_budget_of_all_sees_all(name):
    space = Choices(options=(2, 3))
    trail = SEARCHERS[name](space, lambda genomes: [float(sum(each)) for each in genomes], budget=99)
    assert set(trail.genomes) == set(space) and trail.best == (1, 2)


def test_evolution_is_nearer_to_the_best_than_chance():
    def regrets(search):
        return [regret(search(SPACE, look, budget=60, seed=seed), TABLE, FITNESS) for seed in range(60)]

    assert median(regrets(evolution)) < 0.6 * median(regrets(random_search))


def test_regret_is_what_is_missing_to_the_best():
    best = max(TABLE, key=lambda g: FITNESS(TABLE[g]))
    assert regret(Trail(genomes=(best,), values=(FITNESS(TABLE[best]),)), TABLE, FITNESS) == 0


def test_evolution_asks_in_pools():
    sizes = []
    evolution(SPACE, lambda genomes: (sizes.append(len(genomes)), look(genomes))[1], budget=70)
    assert sizes == [20, 20, 20, 10]


@pytest.mark.parametrize(
    ("do", "message"),
    [
        (lambda: Choices(options=()), "options"),
        (lambda: Fitness(average=0.0), "an average of 0.0"),
        (lambda: Fitness(average=1.0, by="euros"), "1.0 euros"),
        (lambda: random_search(SPACE, look, budget=0), "a budget of 0"),
    ],
)
def test_refusals(do, message):
    with pytest.raises(InputError, match=message):
        do()


def test_without_optuna_its_searcher_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra, match=r"picojoule\[search\]"):
        SEARCHERS["tpe"](SPACE, look, budget=3)
