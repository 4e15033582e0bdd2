"""sinabs: ``IAFSqueeze``, time folded into the batch.

One spike a step at most, as in the other rivals; its default may fire several. Its maximum pool is torch's, on the
spikes of one step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from picojoule.benchmark.rivals.modules import FORMATS, Stages, arranged, stages
from picojoule.ir import Network


def build(network: Network) -> dict[str, Callable[[Tensor], Tensor]]:
    """Time in the batch, in both memory formats."""
    return {name: _folded(stages(network), memory_format) for name, memory_format in FORMATS.items()}


def _folded(net: Stages, memory_format: Any) -> Callable[[Tensor], Tensor]:
    from sinabs.activation import SingleSpike
    from sinabs.layers import IAFSqueeze

    first, *parts = (part.to(memory_format=memory_format) for part in net.parts)  # type: ignore[call-overload]

    @torch.inference_mode()
    def forward(images: Tensor) -> Tensor:
        x = images / net.scale
        drive = first(arranged(x, memory_format))
        layers: list[nn.Module] = []
        for start, part in zip(net.starts, parts, strict=True):
            neurons = IAFSqueeze(num_timesteps=net.steps, spike_fn=SingleSpike)
            layers += [_Started(neurons, start), part]
        x = nn.Sequential(*layers)(drive.repeat_interleave(net.steps, 0))
        return x.unflatten(0, (len(images), net.steps)).mean(1)

    return forward


class _Started(nn.Module):
    """Its neurons start at 0; these start elsewhere."""

    def __init__(self, neurons: Any, start: float) -> None:
        super().__init__()
        self.neurons, self.start = neurons, start

    def forward(self, x: Tensor) -> Tensor:
        steps = self.neurons.num_timesteps
        self.neurons.init_state_with_shape((len(x) // steps, *x.shape[1:]))
        self.neurons.v_mem.fill_(self.start)
        return self.neurons(x)
