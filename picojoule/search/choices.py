"""A space of networks: one of several options at every position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from random import Random
from typing import final

from picojoule.base.errors import InputError

Genome = tuple[int, ...]
"""The option at every position, by its number."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """Positions and how many options each has.

    Raises:
        InputError: no position, or one without an option.
    """

    options: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.options or min(self.options) < 1:
            raise InputError(f"options {self.options}", where="Choices", remedy="give every position one or more")

    def __len__(self) -> int:
        return prod(self.options)

    def __iter__(self) -> Iterator[Genome]:
        """Every genome, in order."""
        return product(*map(range, self.options))

    def draw(self, random: Random) -> Genome:
        """One of all with equal chance."""
        return tuple(random.randrange(each) for each in self.options)

    def mutate(self, genome: Genome, random: Random, chance: float) -> Genome:
        """Each position gets, with this chance, one of its other options."""
        return tuple(
            (gene + random.randrange(1, n)) % n if n > 1 and random.random() < chance else gene
            for gene, n in zip(genome, self.options, strict=True)
        )

    def cross(self, one: Genome, other: Genome, random: Random) -> Genome:
        """The beginning of one and the end of the other, cut once, inside."""
        cut = random.randrange(1, len(one)) if len(one) > 1 else 0
        return (*one[:cut], *other[cut:])
