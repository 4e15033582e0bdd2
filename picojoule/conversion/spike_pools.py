"""Pass: a maximum pool of the spikes of every step as neurons that forget. Exact.

::

    max_i s_i(t), s ∈ {0, 1}   is   v ← 0·v + Σ_i s_i(t);  s = [v ≥ 1]

So a window is a synapse of weight 1 from each of its values, and costs what neurons cost. This is not the maximum of
converted networks, which is that of sums over the steps (:class:`picojoule.ir.MaxPool`).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F

from picojoule.codes import Code
from picojoule.codes.direct import Direct
from picojoule.conversion.diagonal import unit
from picojoule.conversion.moves import rewire
from picojoule.ir import Conv, Flatten, MaxPool, Network, Node, ReLU, Rewire

SLOPE = 1 / 1.90017
"""Of the ReLU that stands for such neurons; no one else's."""


def forgetful(steps: int) -> Code:
    """The code of these neurons."""
    return Direct(steps=steps, leak=0.0, to_zero=True)


def spike_pools(network: Network, codes: Mapping[float, Code]) -> Network:
    """Let ReLUs of slope :data:`SLOPE`, driven by sums, stand for the maximum pools of spikes.

    Args:
        network: traced, with ReLUs in place of its neurons.
        codes: of the neurons, by the slopes of their ReLUs.
    """
    nodes: list[Node] = []
    binary: set[str] = set()
    for node in network.nodes:
        reads_spikes = bool(node.inputs) and binary.issuperset(node.inputs)
        fires = isinstance(node, ReLU) and node.slope in codes and not codes[node.slope].slope
        if fires or (reads_spikes and isinstance(node, (Rewire, Flatten, MaxPool))):
            binary.add(node.name)
        nodes += _neurons(network, node) if isinstance(node, MaxPool) and reads_spikes else [node]
    return network.evolve(nodes)


def _neurons(network: Network, pool: MaxPool) -> list[Node]:
    """The sum of every window, and neurons on it."""
    source, axes = network.source(pool), range(len(pool.kernel))
    short = [
        (pool.shape[1 + i] - 1) * pool.stride[i] + pool.dilation[i] * (pool.kernel[i] - 1) + 1
        - (source.shape[1 + i] + 2 * pool.padding[i])
        for i in axes
    ]  # fmt: skip
    beyond = [each for behind in reversed(short) for each in (0, max(0, behind))]  # windows that reach over the end
    reads = rewire(f"{pool.name}.in", source.name, source.shape, lambda places: F.pad(places, beyond))
    wider = [reads] if any(beyond) else []
    channels, one = source.shape[0], unit(network)
    summed = Conv(
        name=f"{pool.name}.sum",
        inputs=(wider[0].name if wider else source.name,),
        shape=pool.shape,
        weight=one.expand(channels, 1, *pool.kernel).clone(),
        bias=torch.zeros_like(one).expand(channels).clone(),
        has_bias=False,
        stride=pool.stride,
        padding=pool.padding,
        dilation=pool.dilation,
        groups=channels,
    )
    return [*wider, summed, ReLU(name=pool.name, inputs=(summed.name,), shape=pool.shape, slope=SLOPE)]
