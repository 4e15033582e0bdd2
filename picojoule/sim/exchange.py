"""Workers round one master: what a round of parallel learning does to the clock. No gradient is known here.

A worker fetches a minibatch and computes on it; in every τ-th round it exchanges with the master over a shared link.
The exchanges of the three protocols are tables of legs:

============  ==================================================================================
synchronous   push, merge, barrier (the master updates once all have come), pull
downpour      push, merge, pull: the sum of the worker's steps goes up, the master's model comes down
elastic       pull, part (the worker moves towards the master), push; the master merges while the worker goes on
============  ==================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from picojoule.base.errors import InputError
from picojoule.sim.stages import Stage

PROTOCOLS: dict[str, tuple[str, ...]] = {
    "synchronous": ("push", "merge", "barrier", "pull"),
    "downpour": ("push", "merge", "pull"),
    "elastic": ("pull", "part", "push", "merge"),
}
"""The legs of an exchange, by protocol."""


@final
@dataclass(frozen=True, kw_only=True)
class Exchange:
    """How long the legs take, and what they do.

    Attributes:
        send_ps: a model over the shared link.
        merge_ps: the master takes one message into its model; also its update after a barrier.
        part_ps: a worker works out the difference to the master's model and applies it.
        send, merge, part: actions of such a leg, for the counts.
    """

    send_ps: int
    merge_ps: int
    part_ps: int
    send: Mapping[str, int] = field(default_factory=dict)
    merge: Mapping[str, int] = field(default_factory=dict)
    part: Mapping[str, int] = field(default_factory=dict)

    def legs(self, protocol: str, tau: int) -> tuple[Stage, ...]:
        """The stages of an exchange in every `tau`-th round.

        Raises:
            InputError: an unknown protocol, or τ below 1.
        """
        if protocol not in PROTOCOLS or tau < 1:
            what = f"protocol {protocol!r} with τ = {tau}"
            raise InputError(what, where="parallel learning", remedy=f"use {', '.join(PROTOCOLS)} and τ of 1 or more")
        link = {"resource": "link", "duration_ps": self.send_ps, "shared": True, "actions": self.send}
        master = {"resource": "master", "duration_ps": self.merge_ps, "shared": True, "actions": self.merge}
        looks = {
            "push": link,
            "pull": link,
            "merge": master | {"waits": protocol != "elastic"},
            "barrier": master | {"barrier": True},
            "part": {"resource": "compute", "duration_ps": self.part_ps, "actions": self.part},
        }
        return tuple(Stage(name=name, every=tau, **looks[name]) for name in PROTOCOLS[protocol])
