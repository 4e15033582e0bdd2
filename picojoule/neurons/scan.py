"""The scan over time, in plain torch: the reference every faster form is held against."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

import torch
from torch import Tensor

from picojoule.neurons.neuron import Neuron


class Stepped(NamedTuple):
    """A membrane after a step: its potential; its spikes, bool, or int8 where they may be −1; its second state,
    of neurons that have one (g or m) the shape of the potential, else 1."""

    v: Tensor
    spikes: Tensor
    g: Tensor | float


def step(neuron: Neuron, v: Tensor, current: Tensor | float, t: int, g: Tensor | float | None = None) -> Stepped:
    """One step of the membrane.

    Args:
        neuron: the fire rule.
        v: potential before the step, any shape.
        current: I(t), same shape or a number.
        t: the neuron's own time, 0 ≤ t < steps.
        g: second state before the step; what it is at first if None.
    """
    v = (v if neuron.leak == 1.0 else neuron.leak * v) + current
    v = v.clamp(neuron.low, neuron.high) if t == 0 and neuron.saturates else v
    if neuron.corrects:
        return _corrected(neuron, v, t, 0.0 if g is None else g)
    g = 1.0 if g is None else g
    spikes = v >= g * neuron.thresholds[t]
    left = v if neuron.keep == 1.0 else neuron.keep * v
    after = torch.where(spikes, left - g * neuron.resets[t], v)
    if neuron.grows:
        return Stepped(after, spikes, torch.where(spikes, neuron.growth * g, 1.0).to(v.dtype))
    if not neuron.signed:
        return Stepped(after, spikes, 1.0)
    below = v <= -neuron.floors[t]
    fired = spikes.to(torch.int8) - below.to(torch.int8)
    return Stepped(torch.where(below, v + (-v if neuron.refunds[t] == inf else neuron.refunds[t]), after), fired, 1.0)


def _corrected(neuron: Neuron, v: Tensor, t: int, m: Tensor | float) -> Stepped:
    above, back = v >= neuron.thresholds[t], (v < -neuron.floors[t]) & (m > 0)
    fired = above.to(torch.int8) - back.to(torch.int8)
    left = v if neuron.keep == 1.0 else neuron.keep * v
    after = torch.where(above, left - neuron.resets[t], torch.where(back, v + neuron.refunds[t], v))
    return Stepped(after, fired, (m + fired).to(v.dtype))


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
    g: Tensor | float | None = None
    for t, current in enumerate(currents_tb):
        v, spikes[t], g = step(neuron, v, current, t, g)
    return spikes, v
