"""A hardware profile: what each action costs, and how each number is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal, final

from picojoule.base.errors import InputError


@final
@dataclass(frozen=True, slots=True)
class Price:
    """Energy of one action in joules, and where the number is from."""

    joules: float
    source: str


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Energy of a byte by the size of the memory it is in.

    Attributes:
        sram_bytes, sram_joules: a known point: a memory of this size, energy of one 8-byte access. Other sizes
            follow the square root of the size.
        largest_sram: beyond this many bytes data is in DRAM.
        dram_joules: energy of one 8-byte access there.
        source: where the numbers are from.
    """

    sram_bytes: int
    sram_joules: float
    largest_sram: int
    dram_joules: float
    source: str

    def joules_per_byte(self, size: int) -> float:
        """Energy of moving one byte in or out of a memory of `size` bytes."""
        if size > self.largest_sram:
            return self.dram_joules / 8
        return self.sram_joules * sqrt(max(size, self.sram_bytes) / self.sram_bytes) / 8


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """Prices of the actions of one kind of hardware.

    Attributes:
        name: the name in every table, ``technology-precision`` where it has a datapath width.
        title: one line for people.
        bits: the widest numbers its datapath computes in; None where it only handles events.
        prices: joules by action (:data:`picojoule.cost.price.ACTIONS`). A missing action has no price.
        memory: price of memory traffic; None where it is contained in the prices.
        bound: which traffic bound is priced.
        note: what is included and what is not.
    """

    name: str
    title: str
    bits: int | None
    prices: Mapping[str, Price]
    memory: Memory | None = None
    bound: Literal["ideal", "no_reuse"] = "ideal"
    note: str = ""

    @property
    def weight_bits(self) -> tuple[int, ...]:
        """Widths to store weights on it in, if nothing else is said: its own, and half of it where it is narrow."""
        return (self.bits, self.bits // 2) if self.bits and self.bits <= 8 else (32,)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class NormalisedProfile:
    """Energy relative to a reference system, not joules.

    ::

        dynamic·N/N_ref + routing·D/D_ref + static·L/L_ref

    with N spikes, L steps and the density D of N/(neurons·L) spikes a neuron and step. The three shares add up to 1.
    """

    name: str
    title: str
    dynamic: float
    static: float
    source: str
    routing: float = 0.0

    def __post_init__(self) -> None:
        if abs(self.dynamic + self.routing + self.static - 1) > 1e-9:
            raise InputError(
                f"shares {self.dynamic:g}, {self.routing:g} and {self.static:g}",
                where=f"profile {self.name}",
                remedy="give shares that add up to 1",
            )
