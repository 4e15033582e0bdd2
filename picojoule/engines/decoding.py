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
        trajectory: of a run of it, ``[steps, batch, ...]``, or of its first T steps.
        discard: T₀, from 0 to T − 1.

    Returns:
        Values ``[batch, ...]``, several outputs in one row as in the trajectory.

    Raises:
        InputError: more steps than the network has, or nothing left of them.
    """
    taken = [*accumulate(plan(network).shares)][: len(trajectory)]
    if len(trajectory) != len(taken) or not 0 <= discard < len(taken):
        raise InputError(
            f"discard={discard} of {len(trajectory)} steps, where the network has {len(plan(network).shares)}",
            where=f"settled({network.name})",
            remedy="give the trajectory of one run, and discard fewer steps than it has",
        )
    before = taken[discard - 1] * trajectory[discard - 1] if discard else torch.zeros_like(trajectory[0])
    start = taken[discard - 1] if discard else 0.0
    return (taken[-1] * trajectory[-1] - before) / (taken[-1] - start)


def counted(network: Network, trajectory: Tensor, scale: Tensor) -> Tensor:
    """The trajectory as a receiver sees it that only counts spikes: the last layer fires, too, and its rest is lost.

    ::

        v ← v + I(t)/λ;  s = 1 if v ≥ 1, −1 if v ≤ −1, else 0;  v ← v − s;  y(t) = λ·Σs / Σ share

    I(t) is what came into the output at step t; a signed neuron stands for the identity, so y is off by up to λ/T.

    Args:
        network: of the trajectory.
        trajectory: ``[steps, batch, ...]``, of a run or of its first steps.
        scale: λ > 0, the largest output to be expressed, broadcastable to one step.

    Raises:
        InputError: more steps than the network has, or a scale that is not positive.
    """
    taken = [*accumulate(plan(network).shares)][: len(trajectory)]
    if len(trajectory) != len(taken) or not bool((scale > 0).all()):
        raise InputError(
            f"{len(trajectory)} steps of {len(plan(network).shares)}, least scale {float(scale.min()):g}",
            where=f"counted({network.name})",
            remedy="give the trajectory of one run, and positive scales",
        )
    spikes, potential = torch.zeros_like(trajectory[0]), torch.zeros_like(trajectory[0])
    before, path = torch.zeros_like(trajectory[0]), torch.empty_like(trajectory)
    for step, share in enumerate(taken):
        sums = share * trajectory[step]
        potential = potential + (sums - before) / scale
        fired = (potential >= 1).to(sums.dtype) - (potential <= -1).to(sums.dtype)
        potential, spikes, before = potential - fired, spikes + fired, sums
        path[step] = scale * spikes / share
    return path
