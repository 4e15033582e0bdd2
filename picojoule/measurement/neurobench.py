"""NeuroBench's metrics from counts and a network, under NeuroBench's own names; all are of one sample.

::

    Footprint           bytes of weights and biases in the width in which they are stored
    ConnectionSparsity  zeros among the weights, biases left out
    ActivationSparsity  1 − (outputs of activations, or neurons, that are not zero) / all of them, over all steps
    Effective_ACs       synaptic operations by spikes that are 0, 1 or −1
    Effective_MACs      of these by other spikes, and multiplications by analogue values that are not zero
    Dense               both if no input of a layer were ever zero; padding and biases are left out

Where this and the package part ways: what is the same in every step is multiplied once here, as on the hardware that is
modelled, and in every step there; the factor of an average pool belongs to the weights behind it here, so its events
stay additions. A weight that is zero is an operation here and none there, so where there are such weights, effective
operations are unknown. Neurons of an input code are left out.

Reference: the definitions of the package ``neurobench``, version 2.3.0.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from torch import Tensor

from picojoule.cost import Counts
from picojoule.ir import Fire, Frames, Input, Island, Network, Pointwise, Quantise, WeightLayer
from picojoule.ir.dense import evaluate, scaled_input
from picojoule.ir.fanout import own_fan_out

Metrics = dict[str, Any]


def neurobench(
    counts: Counts,
    network: Network | None = None,
    active: tuple[int, int] | None = None,
    spikes_in: bool = False,
) -> Metrics:
    """The metrics of a system, as ``Benchmark.run`` of the package gives them.

    Args:
        counts: what it did.
        network: what it is; what only a network tells is None without.
        active: outputs of activations that were not zero, and all of them, of an ANN (:func:`activity`).
        spikes_in: frames that it was given were 0, 1 and −1 only.
    """
    zeros, weights = _zeros(network) if network else (0, 0)
    known = network is None or not zeros
    adding = {layer.name for layer in counts.layers if layer.payload == "binary"}
    adding |= _reading_frames(network) if network and spikes_in else set()
    return {
        "Footprint": sum(layer.weights * layer.weight_bits for layer in counts.layers) // 8,
        "ConnectionSparsity": zeros / weights if weights else None,
        "ActivationSparsity": _sparsity(counts, active),
        "SynapticOperations": {
            "Effective_MACs": _macs(counts, adding) if known else None,
            "Effective_ACs": _additions(counts, adding) if known else None,
            "Dense": _dense(counts, network) if network else None,
        },
    }


@torch.no_grad()
def activity(network: Network, x: Tensor) -> tuple[int, int]:
    """Outputs of an ANN's activations that are not zero for a batch, and all of them."""
    ends = {node.name for node in network.all(Pointwise)}
    ends = ends or {node.name for node in network.all(Quantise) if not isinstance(network.source(node), WeightLayer)}
    readers = Counter(name for node in network.nodes for name in set(node.inputs))
    values: dict[str, Tensor] = {}
    active = every = 0
    for node in network.nodes:
        value = (
            scaled_input(node, network.check_input(x))
            if isinstance(node, Input)
            else evaluate(node, *(values[name] for name in node.inputs))
        )
        if node.name in ends:
            active, every = active + int(torch.count_nonzero(value)), every + value.numel()
        values[node.name] = value
        for name in set(node.inputs):  # what nobody reads any more need not be kept
            readers[name] -= 1
            if not readers[name]:
                del values[name]
    return active, every


def _zeros(network: Network) -> tuple[int, int]:
    layers = list(network.all(WeightLayer))
    zeros = sum(int((layer.weight == 0).sum()) for layer in layers)
    return zeros, sum(layer.weight.numel() for layer in layers)


def _sparsity(counts: Counts, active: tuple[int, int] | None) -> float | None:
    if counts.density is not None:
        return 1 - counts.density
    return 1 - active[0] / active[1] if active and active[1] else None


def _reading_frames(network: Network) -> set[str]:
    """Layers of weights that read frames and nothing else."""
    reads: set[str] = set()
    for node in network.nodes:
        if isinstance(node, Frames) or (
            node.inputs and reads.issuperset(node.inputs) and not isinstance(node, (WeightLayer, Fire, Island))
        ):
            reads.add(node.name)
    return {node.name for node in network.all(WeightLayer) if reads.issuperset(node.inputs)}


def _additions(counts: Counts, adding: set[str]) -> float:
    return sum(layer.synops for layer in counts.layers if layer.name in adding) / counts.samples


def _macs(counts: Counts, adding: set[str]) -> float:
    others = sum(layer.synops for layer in counts.layers if layer.name not in adding)
    return (others + counts.total("effective_macs")) / counts.samples


def _dense(counts: Counts, network: Network) -> float | None:
    """Every synapse in every step; those that read what stays the same, once."""
    if any(network.all(Island)):
        return None
    return float(
        sum(
            int(own_fan_out(network, layer).sum()) * (1 if layer.name in network.analogue else counts.steps or 1)
            for layer in network.all(WeightLayer)
        )
    )
