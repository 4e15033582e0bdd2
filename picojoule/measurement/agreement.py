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
from picojoule.spikes import Raster, Times

TIE = 1e-5
"""A potential so near a threshold, relatively, that the order of float additions decides."""


@final
@dataclass(frozen=True, slots=True)
class Agreement:
    """Spike times of two engines, over all neurons and samples.

    Attributes:
        neurons: how many times were compared.
        different: how many differ.
        unexplained: how many do not come from a potential within :data:`TIE` of a threshold: the layer, given the
            oracle's own input spikes, fires at another step although its potential is clear of the table.
    """

    neurons: int
    different: int
    unexplained: int


@torch.inference_mode()
def spike_time_agreement(network: Network, x: Tensor) -> Agreement:
    """Compare the fastest engine's spike times with the stepped oracle's.

    Args:
        network: a spiking network whose neurons fire once, with early firing or without.
        x: inputs ``[batch, ...]``.
    """
    layers = [fire.layer for fire in network.all(Fire)]
    fast, stepped = (
        {
            layer: _times(train)
            for layer, train in run(network, x, engine=engine, record=layers, count=False).trains.items()
        }
        for engine in ("auto", "stepped")
    )
    different = sum(int((fast[layer] != stepped[layer]).sum()) for layer in layers)
    return Agreement(
        neurons=sum(times.numel() for times in stepped.values()),
        different=different,
        unexplained=_unexplained(network, network.check_input(x), fast, stepped),
    )


def _times(train: Times | Raster) -> Tensor:
    return (train if isinstance(train, Times) else train.times()).first


def _unexplained(network: Network, x: Tensor, fast: dict[str, Tensor], oracle: dict[str, Tensor]) -> int:
    """Each layer on its own: potentials from the oracle's input spikes, thresholds a little to either side.

    The oracle's times must lie between these; the other engine's too, where none of its neurons above differs.
    """
    wrong, clean = 0, True
    for node in plan(network).nodes:
        if isinstance(node, Fire):
            earliest, latest = _bounds(network, node, x, oracle)
            for times in (oracle[node.layer], fast[node.layer]) if clean else (oracle[node.layer],):
                wrong += int(((times < earliest) | (times > latest)).sum())
            clean = clean and bool((oracle[node.layer] == fast[node.layer]).all())
    return wrong


def _bounds(network: Network, fire: Fire, x: Tensor, times: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """The first steps at which potentials that are a little too large, and too small, reach the threshold.

    At its own step s a neuron has taken in what was sent up to step S + s of the window before; from step T − 1 − S on
    nothing more arrives.
    """
    code, table = fire.code, plan(network).tables[fire.name]
    start = code.steps if code.lag is None else code.lag
    bounds: list[Tensor | None] = [None, None]
    for s in range(code.steps - start, -1, -1):  # from the last change of the potential to the first step
        u = _potential(network, fire.inputs[0], x, times, start + s)
        for side, factor in enumerate((1 + TIE, 1 - TIE)):
            k = staircase.index(u * factor, table).clamp_min(s)
            later = bounds[side]
            bounds[side] = k if later is None else torch.where(k <= s, k, later)
    return bounds[0], bounds[1]  # type: ignore[return-value]


def _potential(network: Network, name: str, x: Tensor, times: dict[str, Tensor], last: int) -> Tensor:
    """What a node gives of all spikes sent up to a step of their window."""
    node = network.by_name[name]
    if isinstance(node, Input):
        return scaled_input(node, x)
    if isinstance(node, Fire):
        table, first = plan(network).tables[node.name], times[node.layer]
        return staircase.decode(torch.where(first <= last, first, table.steps), table, x.dtype)
    return evaluate(node, *(_potential(network, each, x, times, last) for each in node.inputs))
