"""The scan over time, in plain torch: the reference every faster form is held against."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from picojoule.neurons.neuron import Neuron


class Stepped(NamedTuple):
    """A membrane after a step: its potential; its spikes, bool, or int8 where they may be −1; its significance g, of
    neurons that have one the shape of the potential, else 1."""

    v: Tensor
    spikes: Tensor
    g: Tensor | float


def step(neuron: Neuron, v: Tensor, current: Tensor | float, t: int, g: Tensor | float = 1.0) -> Stepped:
    """One step of the membrane.

    Args:
        neuron: the fire rule.
        v: potential before the step, any shape.
        current: I(t), same shape or a number.
        t: the neuron's own time, 0 ≤ t < steps.
        g: significance before the step.
    """
    v = (v if neuron.leak == 1.0 else neuron.leak * v) + current
    v = v.clamp(neuron.low, neuron.high) if t == 0 and neuron.saturates else v
    spikes = v >= g * neuron.thresholds[t]
    left = v if neuron.keep == 1.0 else neuron.keep * v
    after = torch.where(spikes, left - g * neuron.resets[t], v)
    if neuron.grows:
        return Stepped(after, spikes, torch.where(spikes, neuron.growth * g, 1.0).to(v.dtype))
    if not neuron.signed:
        return Stepped(after, spikes, 1.0)
    below = v <= -neuron.floors[t]
    fired = spikes.to(torch.int8) - below.to(torch.int8)
    return Stepped(torch.where(below, v + neuron.refunds[t], after), fired, 1.0)


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
    g: Tensor | float = 1.0
    for t, current in enumerate(currents_tb):
        v, spikes[t], g = step(neuron, v, current, t, g)
    return spikes, v
