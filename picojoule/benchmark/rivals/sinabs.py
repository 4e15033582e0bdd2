"""sinabs: ``IAFSqueeze``, time folded into the batch.

One spike a step at most, as in the other rivals; its default may fire several. Its maximum pool is torch's, on the
spikes of one step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import final

import torch
from torch import Tensor, nn

from picojoule.benchmark.rivals.modules import FORMATS, Halves, cut
from picojoule.ir import Fire, Network


def build(network: Network) -> dict[str, Callable[[Tensor], Tensor]]:
    """Time in the batch, in both memory formats."""
    steps = max((fire.code.steps for fire in network.all(Fire)), default=1)
    return {name: _folded(cut(network, each, partial(_Started, steps))) for name, each in FORMATS.items()}


def _folded(net: Halves) -> Callable[[Tensor], Tensor]:
    @torch.inference_mode()
    def forward(images: Tensor) -> Tensor:
        drive = net.drive(images)
        x = net.step({name: each.repeat_interleave(net.steps, 0) for name, each in drive.items()})
        return x.unflatten(0, (len(images), net.steps)).mean(1)

    return forward


@final
class _Started(nn.Module):
    """Its neurons start at 0; these start elsewhere, and anew with each batch."""

    def __init__(self, steps: int, start: float) -> None:
        from sinabs.activation import SingleSpike
        from sinabs.layers import IAFSqueeze

        super().__init__()
        self.neurons, self.steps, self.start = IAFSqueeze(num_timesteps=steps, spike_fn=SingleSpike), steps, start

    def forward(self, x: Tensor) -> Tensor:
        self.neurons.init_state_with_shape((len(x) // self.steps, *x.shape[1:]))
        self.neurons.v_mem.fill_(self.start)
        return self.neurons(x)
