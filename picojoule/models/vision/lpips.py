"""LPIPS, where its weights are at hand: AlexNet's layers and what each channel of them counts (``zhang2018lpips``).

Neither this package nor any other on the shelf here ships the weights, so this was never compared with the real thing;
the tests hold it to its equation. A file has torchvision's names for AlexNet (``features.0.weight`` …) and those of the
lpips package for the rest (``lin0.model.1.weight`` …).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from picojoule.base.errors import WeightsError
from picojoule.metrics.perceptual import feature_distance
from picojoule.models.loading import read_weights

FILE = "lpips_alex.safetensors"
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_POOLED = (1, 2)
"""Layers before which the maximum of 3 × 3 is taken, stride 2."""


@final
class Lpips(nn.Module):
    """Grey pictures ``[n, h, w]`` in [0, 1], two by two, to their distance ``[n]``."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleDict(
            {
                "0": nn.Conv2d(3, 64, 11, stride=4, padding=2),
                "3": nn.Conv2d(64, 192, 5, padding=2),
                "6": nn.Conv2d(192, 384, 3, padding=1),
                "8": nn.Conv2d(384, 256, 3, padding=1),
                "10": nn.Conv2d(256, 256, 3, padding=1),
            }
        )
        channels = [each.out_channels for each in self.features.values()]  # type: ignore[union-attr]
        self.counts = nn.ParameterList(torch.zeros(each) for each in channels)

    def maps(self, pictures: Tensor) -> list[Tensor]:
        """What each layer sees in pictures ``[n, 1, h, w]``."""
        shift, scale = (pictures.new_tensor(each).view(1, 3, 1, 1) for each in (_SHIFT, _SCALE))
        x, found = (2 * pictures - 1 - shift) / scale, []
        for k, layer in enumerate(self.features.values()):
            x = layer(max_pool2d(x, 3, 2) if k in _POOLED else x).relu()
            found.append(x)
        return found

    def forward(self, found: Tensor, due: Tensor) -> Tensor:
        """The distance of every pair."""
        return feature_distance(self.maps, found, due, list(self.counts))


def load(path: Path | str) -> Callable[[Tensor, Tensor], Tensor]:
    """LPIPS with the weights of a file.

    Raises:
        WeightsError: no such file, or a layer that is missing or of another shape.
    """
    given, model = read_weights(path), Lpips()
    names = {f"counts.{k}": f"lin{k}.model.1.weight" for k in range(len(model.counts))}
    state = {}
    for name, value in model.state_dict().items():
        found = given.get(names.get(name, name))
        if found is None or found.numel() != value.numel():
            what = f"{names.get(name, name)} is missing or of another shape"
            raise WeightsError(what, where=str(path), remedy="give AlexNet's features and the five layers of lpips")
        state[name] = found.view(value.shape)
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)
