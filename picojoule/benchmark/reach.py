"""The fewest steps with which a system comes within half a point of the ANN."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import final

from picojoule.base.progress import say
from picojoule.benchmark.findings import Reach
from picojoule.benchmark.session import Session
from picojoule.benchmark.systems import Maker, System, admitted, rate_by_ours, rate_by_rivals, ttfs_by_ours

LADDER = (8, 16, 32, 64, 128)
DROP = 0.005
"""Half a point."""
_STRONGEST = "SpikingJelly"
_ROUNDING = 1e-9


@final
@dataclass(frozen=True, kw_only=True)
class Climb:
    """How far up the ladder of steps a system had to go.

    Attributes:
        name: of the code and who ran it.
        ours: one of our engines.
        system: the one that reached the goal; None if none did.
        tried: accuracy by steps.
    """

    name: str
    ours: bool
    system: System | None
    tried: dict[int, float]

    def times(self, session: Session) -> list[float]:
        """Seconds per sample of the system that reached it, one a turn."""
        assert self.system is not None
        return session.times[self.system.name]

    def found(self, session: Session) -> Reach:
        """The row of the table, once all is timed."""
        if self.system is None:
            return Reach(system=self.name, steps=None, tried=self.tried)
        return Reach(system=self.name, steps=self.system.steps, tried=self.tried, seconds=median(self.times(session)))


def climbs(session: Session, ladder: Sequence[int] = LADDER) -> list[Climb]:
    """Our rate code, our TTFS and the strongest rival up the ladder; what cannot run at all is left out.

    Args:
        session: measures accuracy.
        ladder: steps to try, ascending.
    """
    goal, found = session.accuracy(session.ann) - DROP - _ROUNDING, []
    for name, at in _CLIMBERS.items():
        say(f"fewest steps of {name}")
        climb = _climb(session, name, at, ladder, goal)
        if climb.tried:
            found.append(climb)
    return found


def _climb(
    session: Session, name: str, at: Callable[[Maker, int], Iterable[System]], ladder: Sequence[int], goal: float
) -> Climb:
    tried: dict[int, float] = {}
    ours = True
    for steps in ladder:
        for system in admitted(at(session.maker, steps), session.x)[0]:
            name, ours = f"{name.split(',')[0]}, {system.by}", system.is_ours
            tried[steps] = session.accuracy(system)
            if tried[steps] >= goal:
                return Climb(name=name, ours=ours, system=system, tried=tried)
    return Climb(name=name, ours=ours, system=None, tried=tried)


def _strongest(maker: Maker, steps: int) -> list[System]:
    return [system for system in rate_by_rivals(maker, steps) if system.by.startswith(_STRONGEST)]


_CLIMBERS: dict[str, Callable[[Maker, int], Iterable[System]]] = {
    "rate, picojoule": lambda maker, steps: [rate_by_ours(maker, steps)],
    "ttfs, picojoule": lambda maker, steps: [ttfs_by_ours(maker, steps)],
    f"rate, {_STRONGEST}": _strongest,
}
