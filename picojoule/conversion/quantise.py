"""Pass: the honest rival, an ANN in few bits: weights per output channel, activations per layer. Approximate.

::

    W' = s_j·round(W/s_j),  |W/s_j| ≤ 2^(b−1) − 1        x' = s·clip(round(x/s), 0, 2^b − 1)

Each grid's step is the one of the smallest mean squared error, searched over shares of the largest value, so that a
few outliers do not cost all others their resolution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from picojoule.ir import Fate, Island, Network, Node, Pointwise, Quantise, WeightLayer
from picojoule.ir.nodes import Input
from picojoule.quant import on_grid

INPUT_BITS = 8
"""The input keeps eight bits, as images have; the first layer of quantised networks usually does."""


def quantise_network(network: Network, samples: Mapping[str, Tensor], bits: int) -> Network:
    """Put weights and activations on grids.

    Args:
        network: a folded network.
        samples: activations of each activation and island and of the input, any shape, by name, for the grids to fit.
        bits: of weights and activations.
    """
    nodes: list[Node] = []
    fates: list[Fate] = []
    stands_for: dict[str, str] = {}
    for node in network.nodes:
        node = node.reading(stands_for)
        if isinstance(node, WeightLayer):
            node = replace(node, weight=_weights_on_grid(node.weight, bits), bits=bits)
            fates.append(Fate(node.name, type(node).__name__, f"int{bits} weights", "quantise"))
        nodes.append(node)
        if isinstance(node, (Pointwise, Input, Island)):
            grid = _activation_grid(node, samples[node.name], INPUT_BITS if isinstance(node, Input) else bits)
            nodes.append(grid)
            stands_for[node.name] = grid.name
            fates.append(Fate(node.name, type(node).__name__, f"int{grid.bits} values", "quantise"))
    return network.evolve(nodes, fates=fates, name=f"ann int{bits}")


def weights_only(network: Network, bits: int) -> Network:
    """Put the weights of a (spiking) network on grids; activations stay as they are."""
    nodes = [
        replace(node, weight=_weights_on_grid(node.weight, bits), bits=bits) if isinstance(node, WeightLayer) else node
        for node in network.nodes
    ]
    return network.evolve(nodes, choices={"weights": f"int{bits}"}, name=f"{network.name} int{bits}")


def _weights_on_grid(weight: Tensor, bits: int) -> Tensor:
    rows = weight.flatten(1)
    largest = 2 ** (bits - 1) - 1
    step = _best_step(rows, rows.abs().amax(1, keepdim=True) / largest, -largest, largest)
    return on_grid(rows, step, -largest, largest).view_as(weight)


def _activation_grid(node: Node, values: Tensor, bits: int) -> Quantise:
    signed = bool(values.min() < 0)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    row = values.flatten().unsqueeze(0)
    step = _best_step(row, row.abs().amax(1, keepdim=True) / high, low, high)
    return Quantise(
        name=f"{node.name}.int{bits}", inputs=(node.name,), shape=node.shape, step=float(step), bits=bits, signed=signed
    )


def _best_step(rows: Tensor, largest: Tensor, low: int, high: int) -> Tensor:
    """For each row the step, among shares of the largest one, with the smallest mean squared error."""
    largest = largest.clamp_min(1e-12)
    best, error = largest, torch.full_like(largest, torch.inf)
    for share in torch.linspace(0.2, 1.0, 33).tolist():
        step = largest * share
        new = (on_grid(rows, step, low, high) - rows).square().mean(1, keepdim=True)
        best, error = torch.where(new < error, step, best), torch.minimum(new, error)
    return best
