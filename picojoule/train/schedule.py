"""Learning-rate schedules: the fraction f of the steps done (0 ≤ f ≤ 1) to a factor of the optimiser's own rate.

They are functions of f alone, so a resumed run needs no state of theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[float], float]


def constant(done: float) -> float:
    """1 throughout."""
    return 1.0


def cosine(done: float) -> float:
    """½ (1 + cos πf): from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * done))


def one_cycle(done: float, *, rise: float = 0.2) -> float:
    """Up from 0.05 to 1 during the first `rise` of the steps, then down to 0, both as half a cosine."""
    if done < rise:
        return 1 - 0.95 * cosine(done / rise)
    return cosine((done - rise) / (1 - rise))


def linear(done: float) -> float:
    """1 − f: from 1 to 0."""
    return 1 - done


def warm_up(done: float, *, rise: float, then: Schedule = constant) -> float:
    """Up in a straight line from 0 to 1 during the first `rise` of the steps, then `then` over what is left.

    Args:
        done: f.
        rise: below 1; large batches usually get five epochs of ninety.
        then: gets 0 at the end of the rise and 1 at the end.
    """
    return done / rise if done < rise else then((done - rise) / (1 - rise))
