"""The exact Pareto front of a table of scores, and how far a search was from the best of it."""

from __future__ import annotations

from collections.abc import Mapping

from picojoule.base import pareto
from picojoule.search.choices import Genome
from picojoule.search.score import Cost, Fitness, Score
from picojoule.search.searchers import Trail


def front(table: Mapping[Genome, Score], by: Cost = "spikes") -> list[Genome]:
    """Those that no other equals or beats in both accuracy and cost, by rising cost; of equals the first.

    Args:
        table: every score.
        by: the cost.
    """
    return pareto.front(
        sorted(table), cost=lambda each: table[each].cost(by), quality=lambda each: table[each].accuracy
    )


def regret(trail: Trail, table: Mapping[Genome, Score], fitness: Fitness) -> float:
    """max F over the table, less the best F the search found."""
    return max(map(fitness, table.values())) - max(trail.values)
