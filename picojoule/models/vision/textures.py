"""A small network that tells photos apart by their texture; what its layers see is what ``pdist`` compares.

Its photos are those that scikit-image ships, which is no view of the world. Trained by `picojoule.train.textures`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from picojoule.metrics.perceptual import feature_distance

SHIPPED = Path(__file__).parents[1] / "weights" / "textures.safetensors"


@final
class TextureNet(nn.Module):
    """Grey pictures ``[n, 1, h, w]`` to logits ``[n, photos]``.

    Args:
        photos: how many are told apart.
    """

    def __init__(self, photos: int = 10) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
            for inputs, outputs, stride in ((1, 16, 1), (16, 24, 2), (24, 32, 2))
        )
        self.last = nn.Linear(32, photos)

    def features(self, x: Tensor) -> list[Tensor]:
        """Maps after every layer."""
        maps, x = [], x - 0.5
        for layer in self.layers:
            x = layer(x).relu()
            maps.append(x)
        return maps

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.last(self.features(x)[-1].mean((2, 3)))


@cache
def texture_net() -> TextureNet:
    """The shipped one, whose weights do not learn."""
    with torch.random.fork_rng(devices=[]):  # whoever draws numbers while it is first asked for draws the same ones
        model = TextureNet()
    model.load_state_dict(load_file(SHIPPED))
    return model.eval().requires_grad_(False)


def pdist(found: Tensor, due: Tensor) -> Tensor:
    """A perceptual distance of pictures ``[n, h, w]`` in [0, 1], ``[n]``: 0 where they are equal. It is not LPIPS."""
    return feature_distance(texture_net().to(found.device).features, found, due)


@torch.no_grad()
def accuracy(model: TextureNet, pictures: Tensor, labels: Tensor) -> float:
    """The share of pictures whose photo is found."""
    return float((model(pictures).argmax(1) == labels).float().mean())
