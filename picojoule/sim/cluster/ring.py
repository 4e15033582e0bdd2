"""A ring all-reduce among unlike nodes, message by message, as a max-plus recursion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError
from picojoule.sim.clock import ps


def finish_ps(
    size: float, *, start_ps: NDArray[np.int64], latency_s: float, bytes_per_s: NDArray[np.float64]
) -> NDArray[np.int64]:
    """When each node has the sum.

    A node sends its next piece when it has received the last one; a piece is S/N::

        t_i^{s+1} = max(t_i^s, t_{i−1}^s) + α + S/(N·min(B_i, B_{i−1}))        s = 0 … 2(N−1) − 1

    Args:
        size: S, bytes.
        start_ps: when each node has its own gradient ``[N]``.
        latency_s: α.
        bytes_per_s: B of each node's link ``[N]``.

    Raises:
        InputError: not one rate above 0 for each node.
    """
    nodes = len(start_ps)
    if bytes_per_s.shape != (nodes,) or not (bytes_per_s > 0).all():
        raise InputError(
            f"{len(bytes_per_s)} links for {nodes} nodes", where="ring", remedy="give one rate above 0 for each node"
        )
    slower = np.minimum(bytes_per_s, np.roll(bytes_per_s, 1))
    each = np.array([ps(latency_s + size / (nodes * rate)) for rate in slower], np.int64)
    t = np.asarray(start_ps, np.int64)
    for _ in range(2 * (nodes - 1)):
        t = np.maximum(t, np.roll(t, 1)) + each
    return t
