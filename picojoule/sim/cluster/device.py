"""Devices: how fast they compute a layer, what they draw, and how hot they get."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal, final

from picojoule.base.errors import InputError


@final
@dataclass(frozen=True, kw_only=True)
class Body:
    """A device as one warm body with a governor.

    ::

        C·dT/dt = P − (T − Tₐ)/R

    Attributes:
        heat_j_per_k: C.
        k_per_w: R, to the air.
        ambient_c: Tₐ.
        trip_c: above this temperature the clock goes one level down.
        hysteresis_k: so far below it, one level up.
        levels: (clock, voltage) as fractions of the highest, rising.
    """

    heat_j_per_k: float
    k_per_w: float
    ambient_c: float = 25.0
    trip_c: float = inf
    hysteresis_k: float = 3.0
    levels: tuple[tuple[float, float], ...] = ((1.0, 1.0),)

    def __post_init__(self) -> None:
        if min(self.heat_j_per_k, self.k_per_w) <= 0 or not self.levels or sorted(self.levels) != list(self.levels):
            what = f"{self.heat_j_per_k} J/K, {self.k_per_w} K/W, levels {self.levels}"
            raise InputError(what, where="body", remedy="give capacities above 0 and levels that rise")


@final
@dataclass(frozen=True, kw_only=True)
class Device:
    """What trains.

    A layer takes, for b samples, forward or for one of the two products of the backward pass::

        t = F·b/(R·η(b)) + V·b/W + o  (+ groups·b·t_g where a grouped convolution is a loop)        η(b) = b/(b + b½)

    with F FLOP and V bytes of values a sample. A grouped convolution that is one kernel may have a rate R of its own.

    Attributes:
        name, source: for tables; where the numbers are from.
        flop_per_s: R, sustained at the highest clock in large batches.
        grouped_flop_per_s: the same of grouped convolutions; R if None.
        half_batch: b½, at which half of it is reached.
        bytes_per_s: W, of values that a layer reads and writes, with what the norm and activation behind it do.
        layer_s: o, of each layer and pass, whatever the batch.
        depthwise: whether a grouped convolution runs as one kernel, or as a loop over its groups.
        group_s: t_g, one turn of that loop.
        memory_bytes: for weights, gradients, momentum and the values of a batch.
        idle_w, busy_w: drawn at rest, and computing at the highest clock.
        body: how it warms; None where it does not matter.
    """

    name: str
    source: str
    flop_per_s: float
    grouped_flop_per_s: float | None = None
    half_batch: float = 0.0
    bytes_per_s: float = inf
    layer_s: float = 0.0
    depthwise: Literal["native", "loop"] = "native"
    group_s: float = 0.0
    memory_bytes: float = inf
    idle_w: float = 0.0
    busy_w: float = 0.0
    body: Body | None = None

    def __post_init__(self) -> None:
        if min(self.flop_per_s, self.bytes_per_s) <= 0 or min(self.half_batch, self.layer_s, self.group_s) < 0:
            what = f"{self.flop_per_s} FLOP/s, {self.bytes_per_s} bytes/s"
            remedy = "give rates above 0, and times of 0 or more"
            raise InputError(what, where=f"device {self.name}", remedy=remedy)

    def pass_s(self, *, flop: float, values_bytes: float, groups: int, batch: int) -> float:
        """Seconds of one pass of a layer over a batch."""
        loop = groups * batch * self.group_s if self.depthwise == "loop" and groups > 1 else 0.0
        full = self.flop_per_s if groups == 1 else self.grouped_flop_per_s or self.flop_per_s
        rate = full * batch / (batch + self.half_batch)
        return flop * batch / rate + values_bytes * batch / self.bytes_per_s + self.layer_s + loop
