"""Where the loop gets its batches from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.data.vision import Images


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Shuffled:
    """All images once an epoch, in an order drawn from the epoch's generator.

    Attributes:
        images: what to draw from.
        size: images in a batch; an incomplete last batch is left out unless it is the only one.

    Raises:
        InputError: `size` is below 1, or there are no images.
    """

    images: Images
    size: int

    def __post_init__(self) -> None:
        if self.size < 1 or not len(self.images):
            what = f"batches of {self.size} from {len(self.images)} images"
            raise InputError(what, where="Shuffled", remedy="give a batch size of 1 or more and at least one image")

    def __len__(self) -> int:
        return max(1, len(self.images) // self.size)

    def __call__(self, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches (images, labels) of one epoch."""
        order = torch.randperm(len(self.images), generator=generator)
        for index in order.split(self.size)[: len(self)]:
            yield self.images.images[index], self.images.labels[index]
