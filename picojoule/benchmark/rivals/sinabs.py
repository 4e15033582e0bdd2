"""sinabs: ``IAFSqueeze``, time folded into the batch.

One spike a step at most, as in the other rivals; its default may fire several. Its maximum pool is torch's, on the
spikes of one step.
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
    """Time in the batch, in both memory formats."""
    return {name: _folded(cut(network, each, _Started)) for name, each in FORMATS.items()}


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

    def __init__(self, code: Rate) -> None:
        from sinabs.activation import SingleSpike
        from sinabs.layers import IAFSqueeze

        super().__init__()
        self.steps, self.start = code.steps, code.initial
        self.neurons = IAFSqueeze(num_timesteps=code.steps, spike_fn=SingleSpike)

    def forward(self, x: Tensor) -> Tensor:
        self.neurons.init_state_with_shape((len(x) // self.steps, *x.shape[1:]))
        self.neurons.v_mem.fill_(self.start)
        return self.neurons(x)
