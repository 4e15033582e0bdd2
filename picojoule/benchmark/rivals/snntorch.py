"""snnTorch: ``Leaky`` with β = 1 and reset by subtraction, in the loop over time that its tutorials have.

Its neuron subtracts the threshold at the start of the next step. The spikes are those of a reset at once, except that
it fires above the threshold and not at it. Its maximum pool is torch's, on the spikes of one step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from picojoule.benchmark.rivals.modules import FORMATS, Halves, cut
from picojoule.codes import Rate
from picojoule.ir import Network


def build(network: Network) -> dict[str, Callable[[Tensor], Tensor]]:
    """The loop in both memory formats."""
    return {name: _loop(cut(network, each, _Started)) for name, each in FORMATS.items()}


def _loop(net: Halves) -> Callable[[Tensor], Tensor]:
    neurons = [part for part in net.below.parts if isinstance(part, _Started)]

    @torch.inference_mode()
    def forward(images: Tensor) -> Tensor:
        for each in neurons:
            each.potential = None
        drive, total = net.drive(images), torch.zeros(())
        for _ in range(net.steps):
            total = total + net.step(drive)
        return total / net.steps

    return forward


@final
class _Started(nn.Module):
    """Its neurons, and the potential that its users carry from step to step, from v(0) on."""

    def __init__(self, code: Rate) -> None:
        from snntorch import Leaky

        super().__init__()
        self.neurons, self.start = Leaky(beta=1.0, threshold=1.0, reset_mechanism="subtract"), code.initial
        self.potential: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        v = torch.full_like(x, self.start) if self.potential is None else self.potential
        spikes, self.potential = self.neurons(x, v)
        return spikes
