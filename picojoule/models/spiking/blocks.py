"""Blocks: spikes ``[steps, batch, channels, height, width]`` in and out. No bias anywhere, batch norm everywhere.

==========  ====================================================================================
``skip``    the identity; where channels or size change, 1×1 → norm → neurons
``SCBk``    k×k → norm → neurons → k×k → norm → neurons
``SRBk``    the same, and the input joins before the second neurons (through 1×1 → norm where channels or size change)
``SIBk_e``  1×1 to e times the channels → norm → neurons → k×k → norm → neurons → 1×1 → norm → neurons; dense, as
            released, and not by channel
==========  ====================================================================================

Source: cite key ``na2022``, forms as in the authors' public code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import final

import torch
from torch import Tensor, nn

from picojoule.neurons import PLIF, Join, PerStep, StepByStep


@final
class Relaxing(nn.Module):
    """A neuron whose potential relaxes towards its current, at a learnt pace, and is set to zero by a spike.

    ::

        v ← v + (1 − a)·(x − v);   s = [v ≥ θ];   v ← v·(1 − s)

    While it is silent v is a weighted mean of its currents. So it cannot fire before one of them reaches θ.

    Args:
        threshold: θ.
        leak: a before training.
    """

    def __init__(self, threshold: float = 1.0, leak: float = 0.5) -> None:
        super().__init__()
        self.membrane = PLIF(leak, threshold=threshold, reset="zero", detach_reset=True)

    def forward(self, x: Tensor) -> Tensor:
        """Spikes of currents ``[steps, batch, ...]``."""
        return self.membrane((1 - self.membrane.leak) * x)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Fabric:
    """What a network is made of.

    Attributes:
        layer: puts modules without time into the network.
        neuron: makes neurons, or activations.
        in_time: whether there are steps.
    """

    layer: Callable[..., nn.Module]
    neuron: Callable[[], nn.Module]
    in_time: bool = True


SPIKING = Fabric(layer=PerStep, neuron=Relaxing)
"""Statistics of batch norms over steps and batch together."""
RELEASED = Fabric(layer=StepByStep, neuron=Relaxing)
"""As in the released code: a batch norm has the statistics of each step by itself."""
RELU = Fabric(layer=nn.Sequential, neuron=nn.ReLU, in_time=False)
"""The same networks as ANNs."""


def convolution(fabric: Fabric, inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Module:
    """A convolution that keeps the size, divided by `stride`, and its norm."""
    made = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return fabric.layer(made, nn.BatchNorm2d(outputs))


def _plain(fabric: Fabric, inputs: int, outputs: int, stride: int, *, kernel: int) -> nn.Module:
    return nn.Sequential(
        *(convolution(fabric, inputs, outputs, kernel, stride), fabric.neuron()),
        *(convolution(fabric, outputs, outputs, kernel), fabric.neuron()),
    )


def _inverted(fabric: Fabric, inputs: int, outputs: int, stride: int, *, kernel: int, expansion: int) -> nn.Module:
    wide = expansion * inputs
    return nn.Sequential(
        *(convolution(fabric, inputs, wide, 1), fabric.neuron()),
        *(convolution(fabric, wide, wide, kernel, stride), fabric.neuron()),
        *(convolution(fabric, wide, outputs, 1), fabric.neuron()),
    )


@final
class Residual(nn.Module):
    """SRB; arguments are those of every block."""

    def __init__(self, fabric: Fabric, inputs: int, outputs: int, stride: int, *, kernel: int) -> None:
        super().__init__()
        same = inputs == outputs and stride == 1
        self.first, self.fire = convolution(fabric, inputs, outputs, kernel, stride), fabric.neuron()
        self.second, self.out = convolution(fabric, outputs, outputs, kernel), fabric.neuron()
        self.shortcut = nn.Identity() if same else convolution(fabric, inputs, outputs, 1, stride)
        self.join = Join()

    def forward(self, x: Tensor) -> Tensor:
        """The spikes of the second neurons."""
        return self.out(self.join(self.second(self.fire(self.first(x))), self.shortcut(x)))


@final
class Reduced(nn.Module):
    """Two 1×1 convolutions of stride 2, one a pixel further down and right, their outputs side by side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        halves = (outputs - outputs // 2, outputs // 2)
        self.here, self.there = (nn.Conv2d(inputs, each, 1, 2, bias=False) for each in halves)

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, channels, ⌈height/2⌉, ⌈width/2⌉]``."""
        moved = nn.functional.pad(x, (0, 1, 0, 1))[..., 1:, 1:]
        return torch.cat((self.here(x), self.there(moved)), 1)


def _skip(fabric: Fabric, inputs: int, outputs: int, stride: int) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    if stride == 1:
        return nn.Sequential(convolution(fabric, inputs, outputs, 1), fabric.neuron())
    return nn.Sequential(fabric.layer(Reduced(inputs, outputs), nn.BatchNorm2d(outputs)), fabric.neuron())


Block = Callable[[Fabric, int, int, int], nn.Module]
"""``block(fabric, inputs, outputs, stride)``."""
BLOCKS: dict[str, Block] = {
    "skip": _skip,
    **{f"SCB{k}": partial(_plain, kernel=k) for k in (3, 5, 7)},
    **{f"SRB{k}": partial(Residual, kernel=k) for k in (3, 5, 7)},
    **{f"SIB{k}_{e}": partial(_inverted, kernel=k, expansion=e) for k in (3, 5, 7) for e in (1, 3, 6)},
}
"""Every block, by its name."""
