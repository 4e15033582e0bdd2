"""Networks: how long an all-reduce takes with α seconds a message, B bytes a second and γ bytes added up a second."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import ceil, inf
from typing import final

from picojoule.base.errors import InputError
from picojoule.sim.cluster.collectives import Traffic, traffic


@dataclass(frozen=True, kw_only=True)
class Network(ABC):
    """What connects the nodes.

    Attributes:
        name, source: for tables; where the numbers are from.
        latency_s: α, of a message.
        bytes_per_s: B, of a link, in each direction.
        reduced_bytes_per_s: γ, adding up in a node.
        watts_a_port: what switch or access point draws for each node.
    """

    name: str
    source: str
    latency_s: float
    bytes_per_s: float
    reduced_bytes_per_s: float = inf
    watts_a_port: float = 0.0

    def __post_init__(self) -> None:
        if self.latency_s < 0 or min(self.bytes_per_s, self.reduced_bytes_per_s) <= 0:
            raise InputError(
                f"latency {self.latency_s} s, {self.bytes_per_s} bytes/s, {self.reduced_bytes_per_s} bytes/s added up",
                where=f"network {self.name}",
                remedy="give a latency of 0 or more and rates above 0",
            )

    @abstractmethod
    def wire_s(self, load: Traffic) -> float:
        """How long the bytes of an all-reduce take, without latencies and additions."""
        ...

    def all_reduce_s(self, collective: str, size: float, nodes: int) -> float:
        """Seconds of an all-reduce.

        ::

            messages·α + bytes/B + reduced/γ

        Args:
            collective: a name of :data:`picojoule.sim.cluster.collectives.COLLECTIVES`, or one of this network's own.
            size: S, bytes.
            nodes: N.

        Raises:
            InputError: no such collective.
        """
        load = traffic(collective, size, nodes)
        return load.messages * self.latency_s + self.wire_s(load) + load.reduced / self.reduced_bytes_per_s


@final
@dataclass(frozen=True, kw_only=True)
class Star(Network):
    """One switch that is never the bottleneck: the busiest node's link is."""

    def wire_s(self, load: Traffic) -> float:
        """busiest / B."""
        return load.busiest / self.bytes_per_s


@final
@dataclass(frozen=True, kw_only=True)
class Shared(Network):
    """One medium for all, such as a wireless channel: one node sends at a time.

    Attributes:
        hops: how often a byte is sent, 2 where it goes through an access point.
    """

    hops: int = 1

    def wire_s(self, load: Traffic) -> float:
        """hops · total / B."""
        return self.hops * load.total / self.bytes_per_s


@final
@dataclass(frozen=True, kw_only=True)
class TwoLevel(Network):
    """Switches with some nodes each, and one switch above them.

    Attributes:
        ports: m, nodes at a switch.
        uplink_bytes_per_s: Bᵤ, from a switch to the one above, in each direction.
    """

    ports: int
    uplink_bytes_per_s: float

    def wire_s(self, load: Traffic) -> float:
        """max(busiest / B, crossing / Bᵤ), the second where there are several switches; not for a ring, a bound."""
        crossing = load.crossing / self.uplink_bytes_per_s if load.nodes > self.ports else 0.0
        return max(load.busiest / self.bytes_per_s, crossing)

    def all_reduce_s(self, collective: str, size: float, nodes: int) -> float:
        """As of every network; and ``two-level``: reduce-scatter and all-gather at each switch, rings between them.

        ::

            2(m−1)α + 2(m−1)/m · S/B + 2(G−1)α + 2(G−1)/G · (S/m)·m/Bᵤ + …/γ        G = N/m
        """
        nodes_each = min(self.ports, nodes)
        groups = ceil(nodes / nodes_each)
        if collective != "two-level" or groups == 1:
            return super().all_reduce_s("ring" if collective == "two-level" else collective, size, nodes)
        inside, between = (nodes_each - 1) / nodes_each, (groups - 1) / groups
        messages = 2 * (nodes_each - 1) + 2 * (groups - 1)
        wires = 2 * inside * size / self.bytes_per_s + 2 * between * size / self.uplink_bytes_per_s
        reduced = inside * size + between * size / nodes_each
        return messages * self.latency_s + wires + reduced / self.reduced_bytes_per_s
