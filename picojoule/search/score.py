"""How good a network is: its accuracy, what it costs, and one number from both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Literal, final

from picojoule.base.errors import InputError

COSTS = ("spikes", "synops", "joules")
Cost = Literal["spikes", "synops", "joules"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """What an evaluation found; costs are those of a sample.

    Attributes:
        accuracy: share of right decisions.
        spikes, synops, joules: of a sample; joules are computed.
    """

    accuracy: float
    spikes: float
    synops: float
    joules: float

    def cost(self, name: Cost) -> float:
        """One of the costs."""
        return getattr(self, name)

    def to_dict(self) -> dict[str, float]:
        """For a file."""
        return asdict(self)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Fitness:
    """F = Acc·(N/N̄)^λ (cite key ``na2022``).

    Attributes:
        average: N̄, a usual cost.
        weight: λ, below 0 where cost is bad; 0 looks at accuracy alone.
        by: what N is.

    Raises:
        InputError: an average that is not positive, or an unknown cost.
    """

    average: float
    weight: float = -0.08
    by: Cost = "spikes"

    def __post_init__(self) -> None:
        if not self.average > 0 or self.by not in COSTS:
            what = f"an average of {self.average} {self.by}"
            raise InputError(what, where="Fitness", remedy=f"give a positive number of {', '.join(COSTS)}")

    @classmethod
    def of(cls, scores: Iterable[Score], *, weight: float = -0.08, by: Cost = "spikes") -> Fitness:
        """With N̄ the mean cost of these scores."""
        return cls(average=fmean(each.cost(by) for each in scores), weight=weight, by=by)

    def __call__(self, score: Score) -> float:
        """F; a network that is silent, and so costs nothing, has its accuracy with the cost of one spike."""
        return score.accuracy * (max(score.cost(self.by), _LEAST[self.by]) / self.average) ** self.weight


_LEAST = {"spikes": 1.0, "synops": 1.0, "joules": 1e-12}
