"""The embedded digit classifier: four convolutions, two poolings, one linear layer."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn


@final
class DigitNet(nn.Module):
    """Digits ``[b, 1, 28, 28]`` in [0, 1] to logits ``[b, 10]``; 63,130 parameters, 10.5 million MACs a digit.

    Four blocks *convolution 3×3 → batch norm → ReLU* with 16, 32, 48 and 48 channels, a 2×2 maximum after the second
    and after the fourth, then one linear layer. Convolutions have no bias since batch norm has one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1, self.relu1 = _block(1, 16)
        self.conv2, self.norm2, self.relu2 = _block(16, 32)
        self.pool1 = nn.MaxPool2d(2)
        self.conv3, self.norm3, self.relu3 = _block(32, 48)
        self.conv4, self.norm4, self.relu4 = _block(48, 48)
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(48 * 7 * 7, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``[b, 10]`` of images ``[b, 1, 28, 28]``."""
        x = self.relu1(self.norm1(self.conv1(images)))
        x = self.pool1(self.relu2(self.norm2(self.conv2(x))))
        x = self.relu3(self.norm3(self.conv3(x)))
        x = self.pool2(self.relu4(self.norm4(self.conv4(x))))
        return self.fc(self.flatten(x))


def _block(inputs: int, outputs: int) -> tuple[nn.Conv2d, nn.BatchNorm2d, nn.ReLU]:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
