"""Few-spikes neurons as a frozen activation: forward by their spikes, backward by the function they stand for."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from picojoule.codes.few_spikes.functions import FUNCTIONS
from picojoule.codes.few_spikes.sequences import Sequences
from picojoule.kernels import successive


@final
class FewSpikesLayer(nn.Module):
    """y = what the neurons transmit; the gradient is that of the function.

    Args:
        sequences: of the neurons.
        function: the name of the function.
    """

    def __init__(self, sequences: Sequences, function: str) -> None:
        super().__init__()
        self.sequences, self.function = sequences, function

    def forward(self, x: Tensor) -> Tensor:
        """y for every value of `x`."""
        values, _ = decoded(x.detach(), self.sequences)
        if not x.requires_grad:
            return values
        smooth = FUNCTIONS[self.function].compute(x)
        return smooth + (values - smooth).detach()

    def extra_repr(self) -> str:
        return f"{self.function}, K={self.sequences.steps}"


def decoded(x: Tensor, sequences: Sequences) -> tuple[Tensor, Tensor]:
    """What neurons transmit for every value of `x`, and how often each fires, uint8."""
    flat, spikes = successive.decode(
        torch.clone(x, memory_format=torch.contiguous_format).view(1, -1), sequences.tables()
    )
    return flat.view(x.shape), spikes.view(x.shape)
