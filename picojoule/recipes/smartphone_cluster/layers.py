"""From a module to the table of layers that the simulator takes."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from picojoule.measurement.modules import count_module
from picojoule.models.vision.mobilenet import MobileNet
from picojoule.models.vision.resnet import ResNet
from picojoule.sim.cluster import Layer


def table(model: nn.Module, sample: Tensor) -> tuple[Layer, ...]:
    """The layers that multiply, in the order in which they run; what is between them belongs to the one before.

    Args:
        model: counted with one call.
        sample: ``[1, ...]``.
    """
    modules, found = dict(model.named_modules()), []
    for layer in count_module(model, sample).layers:
        module = modules[layer.name]
        own = sum(each.numel() for each in module.parameters(recurse=False))
        if layer.macs:
            groups = getattr(module, "groups", 1)
            values = layer.inputs + layer.outputs
            found.append(Layer(name=layer.name, macs=layer.macs, values=values, weights=own, groups=groups))
        else:
            found[-1] = replace(found[-1], weights=found[-1].weights + own)
    return tuple(found)


def imagenet(side: int = 224) -> dict[str, tuple[Layer, ...]]:
    """The two networks of the paper, for pictures of `side` × `side`."""
    picture = torch.zeros(1, 3, side, side)
    with torch.device("meta"):  # nothing is drawn for weights that are only counted
        models = {"resnet-50": ResNet(50), "mobilenet-v1": MobileNet()}
    for model in models.values():
        for each in (*model.to_empty(device="cpu").parameters(), *model.buffers()):
            nn.init.zeros_(each)
    return {name: table(model, picture) for name, model in models.items()}
