"""The small networks for pictures of 64 pixels, and where their weights are: they have seen creatures of other families
than those of the recipe, as ImageNet's have seen birds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from torch import nn

from picojoule.base.errors import WeightsError
from picojoule.models.loading import EMBEDDED, fill, read_weights
from picojoule.models.vision.mvit import SIZES, MViT
from picojoule.models.vision.pyramid import Pyramid

PIXELS = 64
WIDTH = 12
"""Channels of the pyramid that needs about as many MACs as M2Former on the small MViT."""
CREATURES = EMBEDDED.with_name("creatures.safetensors")
PARTS = {"mvit": "MViT", "pyramid": "Pyramid"}
"""Prefixes of the weights in the file, and whose they are."""

Network = TypeVar("Network", bound=nn.Module)


def small_mvit(drop_path: float = 0.0) -> MViT:
    """The small transformer, with fresh weights."""
    return MViT(SIZES["mini"], pixels=PIXELS, drop_path=drop_path)


def small_pyramid(classes: int) -> Pyramid:
    """The small convolutional network, with fresh weights."""
    return Pyramid(WIDTH, classes)


def start(network: Network, part: str, path: Path | str | None = None) -> Network:
    """Give a network weights that have seen creatures: an MViT all of them, a pyramid those of its body.

    Args:
        network: changed in place.
        part: one of :data:`PARTS`.
        path: a file that ``picojoule.train.creatures`` wrote; that of the package if None.

    Raises:
        WeightsError: no such file, or not of these networks.
    """
    path = CREATURES if path is None else Path(path)
    tensors = {
        name.removeprefix(f"{part}."): tensor
        for name, tensor in read_weights(path).items()
        if name.startswith(f"{part}.")
    }
    if not tensors:
        raise WeightsError(
            f"it has no weights of the {PARTS[part]}",
            where=str(path),
            remedy="give a file of picojoule.train.creatures",
        )
    fill(network.body if isinstance(network, Pyramid) else network, tensors, where=f"{path} ({part})")
    return network
