"""Where the loop gets its batches from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, final

import torch
from torch import Tensor

from picojoule.base.errors import InputError


class Labelled(Protocol):
    """Labelled samples that can be picked: images, recordings, whatever has these two."""

    def __len__(self) -> int: ...

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs ``[m, ...]`` and labels ``[m]`` at the positions `index` (int64 ``[m]``), in that order."""
        ...


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Shuffled:
    """All samples once an epoch, in an order drawn from the epoch's generator.

    Attributes:
        samples: what to draw from.
        size: samples in a batch; an incomplete last batch is left out unless it is the only one.
        lengths: of each sample, ``[n]``; batches are then of like length, so that little is padded.

    Raises:
        InputError: `size` is below 1, or there are no samples.
    """

    samples: Labelled
    size: int
    lengths: Tensor | None = None

    def __post_init__(self) -> None:
        if self.size < 1 or not len(self.samples):
            what = f"batches of {self.size} from {len(self.samples)} samples"
            raise InputError(what, where="Shuffled", remedy="give a batch size of 1 or more and at least one sample")

    def __len__(self) -> int:
        return max(1, len(self.samples) // self.size)

    def __call__(self, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches (inputs, labels) of one epoch."""
        order = torch.randperm(len(self.samples), generator=generator)
        for index in in_batches(order, self.size, self.lengths, generator)[: len(self)]:
            yield self.samples.pick(index)


def in_batches(order: Tensor, size: int, lengths: Tensor | None, generator: torch.Generator) -> list[Tensor]:
    """Positions in batches of `size`, the incomplete one last.

    Args:
        order: int64 ``[m]``.
        size: of a batch.
        lengths: of each sample; every sixteen batches are sorted by it and come in an order drawn anew.
        generator: draws that order.
    """
    if lengths is None:
        return list(order.split(size))
    sorted_ = torch.cat([part[lengths[part].argsort(stable=True)] for part in order.split(16 * size)])
    whole = len(order) // size
    batches = list(sorted_.split(size))
    return [batches[place] for place in torch.randperm(whole, generator=generator).tolist()] + batches[whole:]
