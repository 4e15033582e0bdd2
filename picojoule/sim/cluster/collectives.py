"""What an all-reduce of S bytes among N nodes puts on the wires, by algorithm.

==================  ==================  ==========================  ===============================
collective          messages one after  bytes over the busiest      known as
                    the other           node's link
==================  ==================  ==========================  ===============================
ring                2(N−1)              2(N−1)/N · S                ring of S/N each
halving-doubling    2⌈log₂N⌉            2(P−1)/P · S (+ 2S)         Rabenseifner; P = 2^⌊log₂N⌋ ≤ N
tree                2⌈log₂N⌉            2S                          double binary tree, pipelined
parameter-server    2                   2NS/k                       k shards
==================  ==================  ==========================  ===============================

Where N is no power of two, N − P nodes of halving-doubling hand S to a partner first and get it back last.
Times follow from a network (:mod:`picojoule.sim.cluster.networks`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log2
from typing import final

from picojoule.base.errors import InputError


@final
@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What an all-reduce puts on the wires.

    Attributes:
        nodes: N.
        messages: one after the other; each has a latency.
        busiest: bytes over the link of the node that has most to send or receive.
        total: bytes of all nodes together.
        crossing: bytes that leave a switch, where neighbours in the collective sit at one switch as far as they can.
        reduced: bytes a node adds up.
    """

    nodes: int
    messages: int
    busiest: float
    total: float
    crossing: float
    reduced: float


def ring(size: float, nodes: int) -> Traffic:
    """2(N−1) messages of S/N to the next node; one of a switch's nodes sends to the next switch."""
    sent = 2 * (nodes - 1) / nodes * size
    return Traffic(
        nodes=nodes,
        messages=2 * (nodes - 1),
        busiest=sent,
        total=nodes * sent,
        crossing=sent,
        reduced=sent / 2,
    )


def halving_doubling(size: float, nodes: int) -> Traffic:
    """Halves to a partner at distance 1, 2, 4, … and back. Everything beyond the first few rounds crosses switches."""
    core = 2 ** int(log2(nodes))
    rest = nodes - core
    sent = 2 * (core - 1) / core * size
    extra = 2 * size if rest else 0.0
    return Traffic(
        nodes=nodes,
        messages=2 * ceil(log2(nodes)) if nodes > 1 else 0,
        busiest=sent + extra,
        total=core * sent + 2 * rest * size,
        crossing=core * sent + 2 * rest * size,
        reduced=sent / 2 + extra / 2,
    )


def tree(size: float, nodes: int) -> Traffic:
    """Up and down two binary trees, each with half of the bytes, in a pipeline."""
    alone = nodes == 1
    sent = 0.0 if alone else 2 * size
    return Traffic(
        nodes=nodes,
        messages=0 if alone else 2 * ceil(log2(nodes)),
        busiest=sent,
        total=2 * (nodes - 1) * size,
        crossing=sent,
        reduced=sent / 2,
    )


def parameter_server(size: float, nodes: int, shards: int = 1) -> Traffic:
    """Everyone pushes S to the servers and pulls S from them."""
    total = 2.0 * nodes * size
    return Traffic(
        nodes=nodes,
        messages=2,
        busiest=total / shards,
        total=total,
        crossing=total / shards,
        reduced=nodes * size / shards,
    )


COLLECTIVES: dict[str, Callable[[float, int], Traffic]] = {
    "ring": ring,
    "halving-doubling": halving_doubling,
    "tree": tree,
    "parameter-server": parameter_server,
}
"""By name; the two-level one needs a network of two levels and is there."""


def traffic(collective: str, size: float, nodes: int) -> Traffic:
    """Of a collective by its name.

    Raises:
        InputError: no such collective, no bytes or no nodes.
    """
    if collective not in COLLECTIVES or size < 0 or nodes < 1:
        what = f"{collective!r} of {size:g} bytes among {nodes} nodes"
        remedy = f"use {', '.join(COLLECTIVES)}, no negative size, and 1 node or more"
        raise InputError(what, where="all-reduce", remedy=remedy)
    return COLLECTIVES[collective](size, nodes)
