"""Going along a path from time to time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.sde.brownian import Path
from picojoule.sde.solvers import SOLVERS, Field, Kind


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """A path at the times asked for.

    Attributes:
        states: ``[times, ...]``.
        cost: ∫ running cost dt from the first time to the last, of the shape that `running` gives; 0 without one.
    """

    states: Tensor
    cost: Tensor


def integrate(
    drift: Field,
    diffusion: Field,
    start: Tensor,
    times: Sequence[float],
    path: Path,
    *,
    solver: str = "euler",
    longest: float = float("inf"),
    kind: Kind = "ito",
    running: Field | None = None,
) -> Solution:
    """Solve dz = f dt + g dW on a fixed grid: the times asked for, and equal steps between them.

    Args:
        drift, diffusion: f(t, z) and g(t, z), of z's shape; g_j depends on z_j alone.
        start: z at the first time.
        times: rising.
        path: what drives it; a finer grid asks the same path.
        solver: a name in :data:`SOLVERS`.
        longest: no step is longer.
        kind: which meaning of dW is wanted.
        running: a cost a unit of time, integrated along the path by its value at the start of every step.

    Raises:
        InputError: an unknown solver, one for the other meaning, times that do not rise, a step that is not positive.
    """
    method = SOLVERS.get(solver)
    if method is None:
        raise InputError(f"there is no solver {solver!r}", where="integrate", remedy=f"use one of {', '.join(SOLVERS)}")
    if method.kind != kind:
        remedy = f"say kind={method.kind!r}, with the drift of that meaning, or take another solver"
        raise InputError(f"{solver} solves the {method.kind} equation, not the {kind} one", where=solver, remedy=remedy)
    if any(not b > a for a, b in pairwise(times)) or not times or not longest > 0:
        what = f"times {list(times)} with steps up to {longest}"
        raise InputError(what, where="integrate", remedy="give rising times and a positive longest step")
    z, states, cost = start, [start], torch.zeros((), dtype=start.dtype, device=start.device)
    for a, b in pairwise(times):
        for t, after in pairwise(_grid(a, b, longest)):
            cost = cost if running is None else cost + running(t, z) * (after - t)
            z = method.step(drift, diffusion, t, z, after - t, path.increment(t, after))
        states.append(z)
    return Solution(states=torch.stack(states), cost=cost)


def shared(field: Field) -> Field:
    """The field, evaluated once where several ask for it in turn at one time and state, as drift and cost do."""
    last: list[tuple[float, Tensor, Tensor]] = []

    def asked(t: float, z: Tensor) -> Tensor:
        if not last or last[0][0] != t or last[0][1] is not z:
            last[:] = [(t, z, field(t, z))]
        return last[0][2]

    return asked


def _grid(a: float, b: float, longest: float) -> list[float]:
    steps = max(1, ceil((b - a) / longest - 1e-9))
    return [a + (b - a) * k / steps for k in range(steps)] + [b]
