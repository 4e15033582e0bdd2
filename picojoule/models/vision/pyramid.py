"""A plain convolutional pyramid: what one would run in place of a small vision transformer."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

_STAGES = 4


@final
class Pyramid(nn.Module):
    """Pictures to logits: a 5×5 convolution of stride 2, then on four grids 3×3 convolutions, the channels doubling as
    the side halves; the mean over places; one linear layer. Batch norm and ReLU behind every convolution.

    Args:
        width: channels of the first grid.
        classes: of the answer.
        channels: of the pictures.
    """

    def __init__(self, width: int, classes: int, *, channels: int = 3) -> None:
        super().__init__()
        layers = [*_unit(channels, width, 5, 2), *_unit(width, width)]
        for stage in range(1, _STAGES):
            inputs, outputs = width << (stage - 1), width << stage
            layers += [nn.MaxPool2d(2), *_unit(inputs, outputs), *_unit(outputs, outputs)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(width << (_STAGES - 1), classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``[batch, classes]`` of pictures ``[batch, channels, h, w]``."""
        return self.head(self.body(x).mean((2, 3)))


def _unit(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU()
