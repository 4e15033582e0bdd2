"""ResNet-20 on CIFAR-10 under every code: accuracy, agreement with the ANN, steps, spikes, synops, joules.

    PICOJOULE_DATA=folder python benchmarks/codes_cifar10.py [--workers 1] [--limit N] [--out FILE]

The weights are `models/resnet20_cifar10.npz` and the pictures the 1,000 test pictures of `cifar10_lossless_5k.npz` of
that folder. Pixels are in [0, 1], so that the input may fire; the network's own standardisation is its first layer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

import picojoule as pj
from picojoule.codes import TTFS, Burst, FewSpikes, Hybrid, Phase, Poisson, Rate
from picojoule.ir import Network
from pooled import Data, Problem, main

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from zoo import cifar, resnet20

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FITTED = {"calibrate": ("threshold", "membrane")}


class Standardised(nn.Module):
    """A network of standardised pictures, for pictures in [0, 1]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of pictures."""
        return self.network((x - self.mean) / self.std)


def load(folder: Path) -> Data:
    """The network, 1,000 training pictures, and the test pictures."""
    train, test, labels = cifar(str(folder), False)
    return Data(Standardised(resnet20(str(folder))).eval(), train[:1000] / 255, test / 255, labels)


def ann(model: nn.Module, calibration: Tensor) -> Network:
    """The dense network."""
    return pj.trace(model, calibration[:1])


def quantised(bits: int, model: nn.Module, calibration: Tensor) -> Network:
    """The dense network in few bits."""
    return pj.quantise(model, calibration, bits=bits)


def spiking(code: object, options: dict, model: nn.Module, calibration: Tensor) -> Network:
    """The network under a code; one of one scale a layer says so in its name."""
    network = pj.convert(model, calibration, code=code, **options)
    named = f"{network.name} (layer norm)" if options.get("norm") == "layer" else network.name
    return network.evolve(network.nodes, name=named)


def compared(coded: Sequence[tuple[object, dict]]) -> tuple[Callable[[nn.Module, Tensor], Network], ...]:
    """The dense network in three widths, and under each code with options of its conversion."""
    return ann, partial(quantised, 8), partial(quantised, 4), *(partial(spiking, *each) for each in coded)


def real(hidden: object) -> Hybrid:
    """Behind pixels that are a current."""
    return Hybrid(input=None, hidden=hidden)


SYSTEMS = (
    (real(Rate(steps=512, initial=0.0)), {"norm": "layer"}),
    (real(Rate(steps=32)), FITTED),
    (real(Rate(steps=64)), FITTED),
    (Rate(steps=64), FITTED),
    (Rate(steps=8, corrected=True), {"calibrate": ("membrane",)}),
    (Hybrid(input=Poisson(steps=256), hidden=Rate(steps=256)), {}),
    (Phase(steps=128), {}),
    (Phase(steps=256), {}),
    (Burst(steps=256), {}),
    (real(Burst(steps=128, threshold=0.5, initial=0.25)), {}),
    (Hybrid(input=Phase(steps=128), hidden=Burst(steps=128)), {}),
    (Hybrid(input=Phase(steps=256), hidden=Burst(steps=256)), {}),
    (Hybrid(input=Phase(steps=128), hidden=Rate(steps=128)), {}),
    (TTFS(steps=80), {"percentile": 99.999}),
    (TTFS(steps=24), {"calibrate": ("kernel",)}),
    *((FewSpikes(steps=steps), {}) for steps in (4, 6, 8)),
)
"""Code and options of its conversion."""

PROBLEM = Problem(load=load, systems=compared(SYSTEMS))

if __name__ == "__main__":
    main(PROBLEM, "ResNet-20 on CIFAR-10 under every code", __doc__)
