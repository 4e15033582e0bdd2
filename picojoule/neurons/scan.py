"""The scan over time, in plain torch: the reference every faster form is held against."""

from __future__ import annotations

import torch
from torch import Tensor

from picojoule.neurons.neuron import Neuron


def step(neuron: Neuron, v: Tensor, current: Tensor | float, t: int) -> tuple[Tensor, Tensor]:
    """One step of the membrane.

    Args:
        neuron: the fire rule.
        v: potential before the step, any shape.
        current: I(t), same shape or a number.
        t: the neuron's own time, 0 ≤ t < steps.

    Returns:
        The potential after the step and the spikes, same shape as `v`: bool, or int8 where they may be −1.
    """
    v = (v if neuron.leak == 1.0 else neuron.leak * v) + current
    v = v.clamp(neuron.low, neuron.high) if t == 0 and neuron.saturates else v
    spikes = v >= neuron.thresholds[t]
    left = v if neuron.keep == 1.0 else neuron.keep * v
    after = torch.where(spikes, left - neuron.resets[t], v)
    if not neuron.signed:
        return after, spikes
    below = v <= -neuron.floors[t]
    fired = spikes.to(torch.int8) - below.to(torch.int8)
    return torch.where(below, v + neuron.refunds[t], after), fired


def scan(neuron: Neuron, currents_tb: Tensor, v: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """All steps of the membrane.

    Args:
        neuron: the fire rule.
        currents_tb: I, shape ``[steps, ...]``.
        v: potential to start from; the neuron's own start if None.

    Returns:
        Spikes (shape of `currents_tb`; bool, or int8 where they may be −1) and the last potential.
    """
    v = torch.full_like(currents_tb[0], neuron.initial) if v is None else v
    spikes = torch.empty_like(currents_tb, dtype=torch.int8 if neuron.signed else torch.bool)
    for t, current in enumerate(currents_tb):
        v, spikes[t] = step(neuron, v, current, t)
    return spikes, v
