"""Faults planted in a converted network: each returns the network with the fault, and the layer it is in."""

from dataclasses import replace

import torch

from picojoule.conversion import trace
from picojoule.ir import Affine, Fire, Network, WeightLayer
from picojoule.ir.dense import per_channel


def changed(network: Network, *nodes) -> Network:
    new = {node.name: node for node in nodes}
    return network.evolve(new.get(node.name, node) for node in network.nodes)


def layer_of(network: Network, place: int) -> tuple[Fire, WeightLayer]:
    """The neurons at a place among those with a weight layer, and that layer."""
    fires = [fire for fire in network.all(Fire) if fire.layer != "input" and ".relay" not in fire.name]
    fire = fires[place]
    return fire, network.by_name[fire.layer]


def rows(layer: WeightLayer, gain: torch.Tensor) -> WeightLayer:
    weight = layer.weight * gain.view(-1, *[1] * (layer.weight.dim() - 1))
    bias = layer.bias * (gain if layer.bias.dim() == 1 else per_channel(gain, layer.shape))
    return replace(layer, weight=weight, bias=bias)


def threshold(network, model, place, convert_again):
    """θ ×10: to neurons and receivers the same as a tenth of the drive."""
    _, layer = layer_of(network, place)
    return changed(network, rows(layer, torch.full((layer.shape[0],), 0.1))), layer.name


def dead_channel(network, model, place, convert_again):
    _, layer = layer_of(network, place)
    gain = torch.ones(layer.shape[0])
    gain[1] = 0
    return changed(network, rows(layer, gain)), layer.name


def swapped_scale(network, model, place, convert_again):
    """The two channels whose scales differ most are normalised with each other's."""
    fire, layer = layer_of(network, place)
    scale = fire.scale.flatten().float()
    low, high = int(scale.argmin()), int(scale.argmax())
    gain = torch.ones_like(scale)
    gain[low], gain[high] = scale[low] / scale[high], scale[high] / scale[low]
    return changed(network, rows(layer, gain)), layer.name


def unfolded_norm(network, model, place, convert_again):
    """The layer as it was in front of its norm, with the scales it has."""
    fire, layer = layer_of(network, place)
    traced = trace(model, torch.zeros(1, *network.input.shape))
    norm = next(node for node in traced.consumers(traced.by_name[layer.name]) if isinstance(node, Affine))
    scale = fire.scale.flatten().float()
    plain = rows(layer, 1 / norm.gain)
    return changed(network, replace(plain, bias=(layer.bias * scale - norm.shift) / norm.gain / scale)), layer.name


def input_range(network, model, place, convert_again):
    """Calibrated with inputs a fifth of those it will see."""
    again = convert_again(0.2)
    return again, "input" if "input.fire" in again.by_name else layer_of(again, 0)[1].name


FAULTS = {
    "threshold": threshold,
    "dead channel": dead_channel,
    "swapped scale": swapped_scale,
    "unfolded norm": unfolded_norm,
    "input range": input_range,
}
"""By the cause that diagnose has to name."""
