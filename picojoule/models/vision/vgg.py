"""The source networks of the neural coding papers: VGG-16 for small pictures, and a small one for digits.

Their form is that of the authors' public code: batch norm behind every layer, the output included.
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the convolutions before each pool."""


@final
class VGG16(nn.Module):
    """Pictures ``[b, 3, 32, 32]`` to logits ``[b, classes]``: thirteen convolutions, three linear layers, 277,514
    neurons for ten classes. Maximum pools halve the picture after each of the five blocks.

    Args:
        classes: of the output.
        dropout: of the first convolution, of the other convolutions that are not the last of a block, and of the
            linear layers.
    """

    def __init__(self, classes: int = 10, dropout: tuple[float, float, float] = (0.3, 0.4, 0.5)) -> None:
        super().__init__()
        first, later, linear = dropout
        layers: list[nn.Module] = []
        inputs = 3
        for number, block in enumerate(BLOCKS):
            for place, outputs in enumerate(block):
                layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
                if place + 1 < len(block):
                    layers.append(nn.Dropout(later if number else first))
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(linear))
        self.classifier = nn.Sequential(
            *(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Dropout(linear)),
            *(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Dropout(linear)),
            *(nn.Linear(512, classes), nn.BatchNorm1d(classes)),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Logits of images."""
        return self.classifier(self.features(images))


def digit_cnn(classes: int = 10) -> nn.Sequential:
    """Digits ``[b, 1, 28, 28]`` to logits: two convolutions 5×5 with 12 and 64 channels, each pooled, one linear layer;
    11,018 neurons."""
    return nn.Sequential(
        *(nn.Conv2d(1, 12, 5), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(12, 64, 5), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64 * 4 * 4, classes)),
    )
