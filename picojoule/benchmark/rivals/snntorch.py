"""snnTorch: ``Leaky`` with β = 1 and reset by subtraction, in the loop over time that its tutorials have.

Its neuron subtracts the threshold at the start of the next step. The spikes are those of a reset at once, except that
it fires above the threshold and not at it. Its maximum pool is torch's, on the spikes of one step.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from picojoule.benchmark.rivals.modules import FORMATS, Stages, arranged, stages
from picojoule.ir import Network


def build(network: Network) -> dict[str, Callable[[Tensor], Tensor]]:
    """The loop in both memory formats."""
    return {name: _loop(stages(network), memory_format) for name, memory_format in FORMATS.items()}


def _loop(net: Stages, memory_format: torch.memory_format) -> Callable[[Tensor], Tensor]:
    from snntorch import Leaky

    first, *parts = (part.to(memory_format=memory_format) for part in net.parts)  # type: ignore[call-overload]
    neurons = [Leaky(beta=1.0, threshold=1.0, reset_mechanism="subtract") for _ in parts]

    @torch.inference_mode()
    def forward(images: Tensor) -> Tensor:
        x = images / net.scale
        drive = first(arranged(x, memory_format))
        potentials: list[Tensor | None] = [None] * len(parts)
        total = torch.zeros(())
        for _ in range(net.steps):
            x = drive
            for layer, (neuron, part) in enumerate(zip(neurons, parts, strict=True)):
                v = potentials[layer]
                v = torch.full_like(x, net.starts[layer]) if v is None else v
                x, potentials[layer] = neuron(x, v)
                x = part(x)
            total = total + x
        return total / net.steps

    return forward
