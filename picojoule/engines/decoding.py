"""Reading an output otherwise than by its mean over all steps."""

from __future__ import annotations

from itertools import accumulate

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.engines.plan import plan
from picojoule.ir import Network


def settled(network: Network, trajectory: Tensor, discard: int) -> Tensor:
    """The output without its start: what came in the steps behind the first `discard` alone.

    ::

        y = (V(T) − V(T₀)) / Σ_{t ≥ T₀} share(t)        V(t): the output's running sum

    A layer of a deep network is silent, or fires on what has not settled, until the first spikes have come down to it.
    This start is in the mean of all steps for ever, as depth/T.

    Args:
        network: with codes whose layers fire in the same steps.
        trajectory: of a run of it, ``[steps, batch, ...]``.
        discard: T₀, from 0 to T − 1.

    Returns:
        Values ``[batch, ...]``, several outputs in one row as in the trajectory.

    Raises:
        InputError: another number of steps, or nothing left of them.
    """
    taken = [*accumulate(plan(network).shares)]
    if len(trajectory) != len(taken) or not 0 <= discard < len(taken):
        raise InputError(
            f"discard={discard} of {len(trajectory)} steps, where the network has {len(taken)}",
            where=f"settled({network.name})",
            remedy="give the trajectory of a whole run, and fewer steps than it has",
        )
    before = taken[discard - 1] * trajectory[discard - 1] if discard else torch.zeros_like(trajectory[0])
    start = taken[discard - 1] if discard else 0.0
    return (taken[-1] * trajectory[-1] - before) / (taken[-1] - start)
