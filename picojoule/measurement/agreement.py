"""Holding a fast engine against the oracle: are the spike times the same, and where not, why?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.engines import run
from picojoule.engines.plan import plan
from picojoule.ir import Fire, Input, Network
from picojoule.ir.dense import evaluate, scaled_input
from picojoule.kernels import staircase

TIE = 1e-5
"""A potential so near a threshold, relatively, that the order of float additions decides."""


@final
@dataclass(frozen=True, slots=True)
class Agreement:
    """Spike times of two engines, over all neurons and samples.

    Attributes:
        neurons: how many times were compared.
        different: how many differ.
        unexplained: of these, how many do not come from a potential within :data:`TIE` of a threshold: the layer,
            given the oracle's own input spikes, fires at another step although its potential is clear of the table.
    """

    neurons: int
    different: int
    unexplained: int


@torch.inference_mode()
def spike_time_agreement(network: Network, x: Tensor) -> Agreement:
    """Compare the closed engine's spike times with the stepped oracle's.

    Args:
        network: a spiking network whose codes all have an exact closed form.
        x: inputs ``[batch, ...]``.
    """
    layers = [fire.layer for fire in network.all(Fire)]
    closed = run(network, x, engine="closed", record=layers, count=False).trains
    stepped = run(network, x, engine="stepped", record=layers, count=False).trains
    oracle = {layer: stepped[layer].times().first for layer in layers}  # type: ignore[union-attr]
    different = sum(int((closed[layer].first != oracle[layer]).sum()) for layer in layers)  # type: ignore[union-attr]
    return Agreement(
        neurons=sum(times.numel() for times in oracle.values()),
        different=different,
        unexplained=_unexplained(network, x, oracle),
    )


def _unexplained(network: Network, x: Tensor, oracle: dict[str, Tensor]) -> int:
    """Each layer on its own: potentials from the oracle's input spikes, thresholds a little to either side."""
    wrong = 0
    values: dict[str, Tensor] = {}
    for node in plan(network).nodes:
        if isinstance(node, Input):
            values[node.name] = scaled_input(node, network.check_input(x))
        elif isinstance(node, Fire):
            u, table = values[node.inputs[0]], plan(network).tables[node.name]
            earliest, latest = (staircase.index(u * factor, table) for factor in (1 + TIE, 1 - TIE))
            wrong += int(((oracle[node.layer] < earliest) | (oracle[node.layer] > latest)).sum())
            values[node.name] = staircase.decode(oracle[node.layer], table, u.dtype)
        else:
            values[node.name] = evaluate(node, *(values[name] for name in node.inputs))
    return wrong
