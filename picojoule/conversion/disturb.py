"""Passes: noise put on a network, and weights that make its mean good again.

::

    disturb      the spikes of the network meet the noise on their way; w ← w·(1 + N(0, σ_w²))
    compensate   w ← w / ((1 − p)·E[q^δ])       of layers fed by spikes; biases stay

Compensation for deletion is what the paper calls weight scaling; that for jitter is ours, and what continuous times
would need is e^(−σ²/2τ²). Exact in the mean as far as a layer is linear and no time is cut off by its window. Where a
code's spikes are worth less by another factor each step, as in phase coding, jitter of spikes is left alone.

Reference: cite key ``park2021noise``.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import torch

from picojoule.base.errors import InputError
from picojoule.codes import Code
from picojoule.engines.disturbing import ratio
from picojoule.ir import Fate, Network, WeightLayer, schedule
from picojoule.noise import Noise


def disturb(network: Network, noise: Noise) -> Network:
    """The network with this noise; its random numbers follow from the noise's seed and from each sample.

    Args:
        network: a spiking network; any network where only weights are disturbed.
        noise: what goes wrong.

    Raises:
        InputError: noise of spikes, and nothing fires; or the network has noise already.
    """
    if noise.of_spikes and not network.spiking:
        raise InputError(
            f"{noise.label}, and nothing fires", where=f"disturb({network.name})", remedy="give noise of weights only"
        )
    if network.noise is not None:
        raise InputError(
            f"it has noise already: {network.noise.label}",
            where=f"disturb({network.name})",
            remedy="give one Noise with all of it",
        )
    generator = torch.Generator().manual_seed(noise.seed)
    nodes = [
        _shaken(node, noise, generator) if noise.weights and isinstance(node, WeightLayer) else node
        for node in network.nodes
    ]
    noisy = network.evolve(nodes, choices={"noise": noise.label}, name=f"{network.name}, {noise.label}")
    return replace(noisy, noise=noise)


def compensate(network: Network, noise: Noise) -> Network:
    """The network with weights that expect this noise; the noise itself is not put on.

    Args:
        network: a spiking network.
        noise: what will go wrong.
    """
    windows = schedule(network).windows
    nodes, fates = [], []
    for node in network.nodes:
        if isinstance(node, WeightLayer) and node.name not in network.analogue:
            gain = noise.gain(_ratio(windows[node.name].code, noise))
            node = replace(node, weight=node.weight / gain)
            fates.append(Fate(node.name, type(node).__name__, f"weights / {gain:.4g}", "compensate"))
        nodes.append(node)
    return network.evolve(nodes, fates=fates, name=f"{network.name} +ws")


def _ratio(code: Code, noise: Noise) -> float | None:
    """q of the code; None where it is not the same for all steps, and single spikes are off."""
    q, amplitudes = ratio(code), code.amplitudes()
    same = all(abs(after - q * before) <= 1e-5 * before for before, after in pairwise(amplitudes))
    return q if same or noise.of_steps else None


def _shaken(layer: WeightLayer, noise: Noise, generator: torch.Generator) -> WeightLayer:
    drawn = torch.randn(layer.weight.shape, generator=generator, dtype=torch.float64).to(layer.weight)
    return replace(layer, weight=layer.weight * (1 + noise.weights * drawn))
