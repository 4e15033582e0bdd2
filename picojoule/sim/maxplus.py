"""Max-plus recursions: queues and barriers whose order is known in advance need no events at all.

A server that is free at f and is asked at a answers at ``max(a, f) + s``. Written out over all jobs that is a running
sum and a running maximum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def fifo(arrival: NDArray[np.int64], service: NDArray[np.int64]) -> NDArray[np.int64]:
    """Finish times of jobs at one first-come-first-served server.

    ::

        e_k = max(a_k, e_{k−1}) + s_k = Σ_{j≤k} s_j + max_{j≤k} (a_j − Σ_{i<j} s_i)

    Args:
        arrival: when each job comes, in the order of service; picoseconds ``[jobs]``.
        service: how long each takes, picoseconds ``[jobs]``.
    """
    total = np.cumsum(service)
    return total + np.maximum.accumulate(arrival - (total - service))


def rounds(work: NDArray[np.int64], together: int) -> NDArray[np.int64]:
    """When each round of barrier-synchronised clients ends.

    ::

        T_{r+1} = T_r + max_i c_{i,r} + together

    Args:
        work: how long each client takes in each round, picoseconds ``[clients, rounds]``.
        together: what follows the barrier, once a round.
    """
    return np.cumsum(work.max(axis=0) + together)
