"""A spiking classifier of event frames: three convolutions, one linear layer, LIF neurons between."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from picojoule.neurons import LIF, PerStep


@final
class EventNet(nn.Module):
    """Frames ``[steps, batch, 2, 34, 34]`` to logits ``[batch, classes]``, the mean over time of the last currents.

    Three blocks *convolution 3×3, stride 2 → batch norm → LIF* with 16, 32 and 64 channels, then one linear layer.

    Args:
        classes: how many.
        leak: of the neurons.
    """

    def __init__(self, classes: int = 10, leak: float = 0.5) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_block(2, 16, leak),
            *_block(16, 32, leak),
            *_block(32, 64, leak),
            PerStep(nn.Flatten(), nn.Linear(64 * 5 * 5, classes)),
        )

    def forward(self, frames: Tensor) -> Tensor:
        """Logits ``[batch, classes]``."""
        return self.layers(frames).mean(0)


def _block(inputs: int, outputs: int, leak: float) -> tuple[nn.Module, nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
    return PerStep(convolution, nn.BatchNorm2d(outputs)), LIF(leak, detach_reset=True)
