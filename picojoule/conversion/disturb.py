"""Passes: noise put on a network, and weights that make its mean good again.

::

    disturb      the spikes of the network meet the noise on their way; w ← w·(1 + N(0, σ_w²))
    compensate   w ← w / g                      of layers fed by spikes; biases stay

g is what arrives of all that is sent (:meth:`picojoule.noise.Noise.gain`): 1 − p under deletion, which is what the
paper calls weight scaling. That for jitter is ours; without borders, and in continuous times, it is e^(σ²/2τ²). It
keeps the mean as far as a layer is linear: behind a maximum pool the largest of the survivors passes, scaled up.

Reference: cite key ``park2021noise``.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from picojoule.base.errors import InputError
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
            gain = noise.gain(windows[node.name].code.amplitudes())
            node = replace(node, weight=node.weight / gain)
            fates.append(Fate(node.name, type(node).__name__, f"weights / {gain:.4g}", "compensate"))
        nodes.append(node)
    return network.evolve(nodes, fates=fates, name=f"{network.name} +ws")


def _shaken(layer: WeightLayer, noise: Noise, generator: torch.Generator) -> WeightLayer:
    drawn = torch.randn(layer.weight.shape, generator=generator, dtype=torch.float64).to(layer.weight)
    return replace(layer, weight=layer.weight * (1 + noise.weights * drawn))
