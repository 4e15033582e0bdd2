"""Anytime exit: a sample stops at the first step at which its output is confident.

::

    p(t) = softmax(output after t steps)        stop at t* = min { t : max p(t) ≥ c }, T where there is none

A network of in-step codes stopped after t steps is the network with T = t, so each sample is counted exactly by
running it with as many steps as it took.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from picojoule.cost import Counts
from picojoule.cost.counts import add_up
from picojoule.engines import run
from picojoule.ir import Fire, Network
from picojoule.tuning.trial import Drop, Samples

CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)
_BATCH = 50


def with_steps(network: Network, steps: int) -> Network:
    """The network with codes of so many steps."""
    return network.evolve(
        replace(node, code=replace(node.code, steps=steps)) if isinstance(node, Fire) else node
        for node in network.nodes
    )


def trajectories(network: Network, x: Tensor) -> Tensor:
    """The output after every step, ``[steps, samples, classes]``."""
    return torch.cat([run(network, each, trajectory=True, count=False).trajectory for each in x.split(_BATCH)], 1)  # type: ignore[misc]


def exits(path: Tensor, confidence: float) -> tuple[Tensor, Tensor]:
    """The steps each sample takes and its decision, ``[samples]`` each."""
    sure = path.softmax(-1).amax(-1) >= confidence
    sure[-1] = True
    stop = sure.int().argmax(0)
    decisions = path.argmax(-1).gather(0, stop.unsqueeze(0))[0]
    return stop + 1, decisions


def least_confidence(path: Tensor, samples: Samples, allowed: float) -> tuple[float, Drop] | None:
    """The lowest confidence at which the drop holds, and that drop; None where none does."""
    for confidence in CONFIDENCES:
        drop = samples.drop(exits(path, confidence)[1])
        if drop.holds(allowed):
            return confidence, drop
    return None


def counts_of(network: Network, x: Tensor, steps: Tensor) -> Counts:
    """What the network does when each sample takes its own number of steps; ``steps`` of the counts is the most."""
    parts = []
    for each in sorted(set(steps.tolist())):
        shorter = with_steps(network, each)
        for part in x[steps == each].split(_BATCH):
            counts = run(shorter, part).counts
            assert counts is not None
            parts.append(counts)
    return replace(add_up(parts), steps=int(steps.max()))
