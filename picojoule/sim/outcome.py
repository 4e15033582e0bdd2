"""What a simulation hands back: one form for all tiers and all simulated machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError
from picojoule.cost import Cost, Profile
from picojoule.cost.price import ACTIONS, MACHINE_ACTIONS, price_actions
from picojoule.sim.clock import SECOND

Tier = Literal["closed", "max-plus", "events"]
PRICED = ACTIONS.keys() | MACHINE_ACTIONS.keys()
"""The actions that cost energy; others, such as pages the host wrote, are kept for what they tell."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """How long it took, what was busy, and what was done.

    Attributes:
        tier: ``closed`` (bounds: nothing can end earlier), ``max-plus`` (in order) or ``events`` (an event heap).
        makespan_ps: from the start to the last end.
        bytes: payload moved for the one who asked.
        busy_ps: busy time of each server, by kind of resource; int64 ``[servers]``.
        actions: how often what was done; priced by `energy`.
        begin_ps, finish_ps: of each request, int64 ``[requests]``; None where a tier does not follow requests.

    Raises:
        InputError: a server busy for longer than the whole run: never by a correct simulator.
    """

    tier: Tier
    makespan_ps: int
    bytes: int
    busy_ps: Mapping[str, NDArray[np.int64]]
    actions: Mapping[str, int]
    begin_ps: NDArray[np.int64] | None = field(default=None, repr=False)
    finish_ps: NDArray[np.int64] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for kind, busy in self.busy_ps.items():
            if len(busy) and int(busy.max()) > self.makespan_ps:
                raise InputError(
                    f"a server is busy for {int(busy.max())} ps of {self.makespan_ps}",
                    where=f"simulation, {kind}",
                    remedy="please report this: a simulator of ours lost count",
                )

    @property
    def seconds(self) -> float:
        """Simulated seconds from the start to the last end."""
        return self.makespan_ps / SECOND

    @property
    def bandwidth(self) -> float:
        """Payload bytes a second."""
        return self.bytes / self.seconds if self.makespan_ps else 0.0

    @property
    def latency_s(self) -> NDArray[np.float64]:
        """Seconds from the beginning to the end of each request.

        Raises:
            InputError: this tier does not follow requests.
        """
        if self.begin_ps is None or self.finish_ps is None:
            raise InputError("there are no latencies", where=f"the {self.tier} tier", remedy="use max-plus or events")
        return (self.finish_ps - self.begin_ps) / SECOND

    @property
    def requests_per_s(self) -> float:
        """Requests a second (IOPS)."""
        return len(self.latency_s) / self.seconds if self.makespan_ps else 0.0

    def percentile(self, percent: float) -> float:
        """The latency that so many per cent of the requests do not exceed, in seconds; an observed one."""
        return float(np.percentile(self.latency_s, percent, method="inverted_cdf"))

    def utilisation(self, kind: str) -> float:
        """Mean busy fraction of the servers of a kind."""
        return float(self.busy_ps[kind].mean()) / self.makespan_ps if self.makespan_ps else 0.0

    @property
    def write_amplification(self) -> float | None:
        """Pages programmed for each page written by the host; None where the host wrote none."""
        written = self.actions.get("host_page_written", 0)
        return self.actions.get("page_program", 0) / written if written else None

    def energy(self, profile: Profile) -> Cost:
        """Joules of the whole run, *simulated*: actions × prices.

        Raises:
            PriceError: the profile has no price for something that was done.
        """
        return price_actions({name: n for name, n in self.actions.items() if name in PRICED and n}, profile)
