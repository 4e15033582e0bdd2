"""All-reduces measured: how long they take by size, and which α and B explain it.

Bandwidths are those of nccl-tests: ``algbw = S/t`` and, so that it can be held against a link's, ``busbw =
algbw·2(N−1)/N``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import distributed

from picojoule.base.errors import InputError
from picojoule.sim.cluster.collectives import traffic
from picojoule.sim.cluster.networks import Star

SIZES = tuple(4 << shift for shift in range(8, 23, 2))
"""1 kB to 16 MB."""


@final
@dataclass(frozen=True, kw_only=True)
class Reduction:
    """All-reduces of one size.

    Attributes:
        size: S, bytes.
        nodes: N.
        seconds: t, the fastest of some: whatever else the machine does slows the others.
    """

    size: int
    nodes: int
    seconds: float

    @property
    def algbw(self) -> float:
        """S/t, bytes a second."""
        return self.size / self.seconds

    @property
    def busbw(self) -> float:
        """algbw·2(N−1)/N."""
        return self.algbw * 2 * (self.nodes - 1) / self.nodes


def sweep(sizes: Sequence[int] = SIZES, *, repeats: int = 15, device: str = "cpu") -> tuple[Reduction, ...]:
    """All-reduces of fp32 numbers among the processes of torch's default group; called in every one of them.

    Args:
        sizes: bytes of each.
        repeats: of each size, behind two that are not timed.
        device: where the numbers are.

    Raises:
        InputError: there is no group, or it has one process.
    """
    if not distributed.is_initialized() or distributed.get_world_size() < 2:
        raise InputError("one process alone", where="all-reduce sweep", remedy="start it with torchrun, two or more")
    return tuple(_timed(size, repeats, device) for size in sizes)


def _timed(size: int, repeats: int, device: str) -> Reduction:
    values = torch.zeros(max(1, size // 4), device=device)
    found = []
    for _ in range(repeats + 2):
        distributed.barrier()
        begun = time.perf_counter()
        distributed.all_reduce(values)
        if values.is_cuda:
            torch.cuda.synchronize()
        found.append(time.perf_counter() - begun)
    slowest = torch.tensor(found[2:], dtype=torch.float64, device=device)
    distributed.all_reduce(slowest, distributed.ReduceOp.MAX)
    return Reduction(size=4 * len(values), nodes=distributed.get_world_size(), seconds=min(slowest.tolist()))


def fit(reductions: Sequence[Reduction], *, name: str = "measured", collective: str = "ring") -> Star:
    """The α and B that explain the times best, by the least squares of relative errors.

    ::

        t = messages·α + busiest/B

    Args:
        reductions: of two sizes or more.
        name: of the network.
        collective: which one they are.

    Raises:
        InputError: they do not tell α and B apart.
    """
    loads = [traffic(collective, each.size, each.nodes) for each in reductions]
    seconds = np.array([each.seconds for each in reductions])
    table = np.array([(load.messages, load.busiest) for load in loads]) / seconds[:, None]
    if len(seconds) < 2 or np.linalg.matrix_rank(table) < 2:
        raise InputError("all-reduces of one size", where="α and B", remedy="measure several sizes")
    alpha, inverse = np.linalg.lstsq(table, np.ones(len(seconds)), rcond=None)[0]
    if alpha < 0 or inverse <= 0:  # noise: then all of it counts as bandwidth
        alpha, inverse = 0.0, table[:, 1].sum() / (table[:, 1] ** 2).sum()
    source = f"{collective} of {reductions[0].nodes} processes, {len(reductions)} sizes, measured"
    return Star(name=name, source=source, latency_s=float(alpha), bytes_per_s=float(1 / inverse))
