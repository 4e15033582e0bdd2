"""Plans: what of each bucket an epoch visits. A plan is a table; nothing else is to be known about a curriculum.

::

    annealing(S)    stage i = 1 … S: a random 1/S of each of C_1 … C_i         then all        (cite key ``xu2020``)
    baby_step(S)    stage i = 1 … S: all of C_1 … C_i                          then all
    one_pass(S)     stage i = 1 … S: all of C_i                                then all
    in_order()      all, the easiest first, without shuffling
    shuffled()      all: no curriculum

C_1 has the easiest samples. ``last`` is the share of C_S that is ever visited: 0 leaves the hardest out, among which
wrong labels gather, and 1 is as the authors have it. :meth:`Plan.backwards` begins with the hardest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

from picojoule.base.errors import InputError


@final
@dataclass(frozen=True, slots=True)
class Stage:
    """One epoch.

    Attributes:
        shares: of each bucket, the easiest first, that is visited: 0 none of it, 1 every sample once.
        ordered: the easiest first; shuffled if false.

    Raises:
        InputError: a share outside 0 … 1, or nothing to visit.
    """

    shares: tuple[float, ...]
    ordered: bool = False

    def __post_init__(self) -> None:
        if not self.shares or not all(0 <= share <= 1 for share in self.shares) or not any(self.shares):
            what = f"shares of {', '.join(f'{share:g}' for share in self.shares)}"
            raise InputError(what, where="Stage", remedy="give shares from 0 to 1, at least one above 0")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Stages, and what is done after them for as long as the training goes on.

    Attributes:
        name: for tables.
        stages: one an epoch.
        after: every epoch behind them.
    """

    name: str
    stages: tuple[Stage, ...]
    after: Stage

    @property
    def buckets(self) -> int:
        """How many it speaks of."""
        return len(self.after.shares)

    def stage(self, epoch: int) -> Stage:
        """What an epoch, from 0, visits."""
        return self.stages[epoch] if epoch < len(self.stages) else self.after

    def backwards(self) -> Plan:
        """The hardest in the place of the easiest."""
        return replace(self, name=f"anti {self.name}", stages=tuple(map(_turned, self.stages)),
                       after=_turned(self.after))  # fmt: skip


def annealing(buckets: int = 5, *, last: float = 1.0) -> Plan:
    """The plan of that name."""
    stages = [Stage(_first(i, buckets, 1 / buckets, last)) for i in _counted(buckets, last)]
    return Plan(name=_named("annealing", last), stages=tuple(stages), after=_all(buckets, last))


def baby_step(buckets: int = 5, *, epochs: int = 1, last: float = 1.0) -> Plan:
    """The plan of that name, each stage for so many epochs."""
    stages = [Stage(_first(i, buckets, 1.0, last)) for i in _counted(buckets, last) for _ in range(epochs)]
    return Plan(name=_named("baby step", last), stages=tuple(stages), after=_all(buckets, last))


def one_pass(buckets: int = 5, *, epochs: int = 1, last: float = 1.0) -> Plan:
    """The plan of that name, each stage for so many epochs."""
    stages = [Stage(tuple(float(k == i) * (last if k == buckets else 1) for k in range(1, buckets + 1)))
              for i in _counted(buckets, last) for _ in range(epochs)]  # fmt: skip
    return Plan(name=_named("one pass", last), stages=tuple(stages), after=_all(buckets, last))


def in_order() -> Plan:
    """Sorted, as the laboratory of the paper once did it and gave up: the loss jumps where the difficulty does."""
    return Plan(name="sorted", stages=(), after=Stage((1.0,), ordered=True))


def shuffled(buckets: int = 1, *, last: float = 1.0) -> Plan:
    """No curriculum; with `last` below 1 the hardest are left out from the beginning."""
    return Plan(name=_named("random", last), stages=(), after=_all(buckets, last))


def _counted(buckets: int, last: float) -> range:
    """Numbers of the stages; one that would add nothing is none."""
    return range(1, buckets + (last > 0))


def _first(i: int, buckets: int, share: float, last: float) -> tuple[float, ...]:
    """So much of each of the first i buckets."""
    return tuple((share if k <= i else 0.0) * (last if k == buckets else 1) for k in range(1, buckets + 1))


def _all(buckets: int, last: float) -> Stage:
    return Stage(_first(buckets, buckets, 1.0, last))


def _turned(stage: Stage) -> Stage:
    return replace(stage, shares=stage.shares[::-1])


def _named(name: str, last: float) -> str:
    return name if last == 1 else f"{name} with {last:.0%} of the hardest" if last else f"{name} without the hardest"
