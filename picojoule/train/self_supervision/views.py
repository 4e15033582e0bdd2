"""Several random views of the same pictures, beside the pictures themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.train.loop import Augment


@final
@dataclass(frozen=True, kw_only=True)
class Views:
    """An ``augment`` for :func:`picojoule.train.fit`: pictures ``[b, c, h, w]`` to views ``[b, 1 + number, c, h, w]``.

    The first view is the plain picture.

    Attributes:
        changes: applied one after the other, afresh for each view.
        number: of changed views.
    """

    changes: tuple[Augment, ...]
    number: int = 2

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """The views of pictures."""
        return torch.stack([x, *(self._changed(x, generator) for _ in range(self.number))], 1)

    def _changed(self, x: Tensor, generator: torch.Generator) -> Tensor:
        for change in self.changes:
            x = change(x, generator)
        return x
