"""Boxes found in pictures, and how far two boxes cover each other. A box is left, top, right, bottom, in pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What a detector found in some pictures.

    Attributes:
        owners: int64 ``[n]``, the picture of each box.
        classes: int64 ``[n]``.
        boxes: float32 ``[n, 4]``.
        scores: float32 ``[n]``, 0 … 1.
    """

    owners: Tensor
    classes: Tensor
    boxes: Tensor
    scores: Tensor

    def __len__(self) -> int:
        return len(self.owners)

    def where(self, chosen: Tensor) -> Found:
        """Those chosen by a mask or by positions, in that order."""
        return Found(**{name: value[chosen] for name, value in vars(self).items()})

    @staticmethod
    def joined(parts: list[Found], owners: list[int] | None = None) -> Found:
        """The boxes of several batches.

        Args:
            parts: at least one.
            owners: what to add to the picture numbers of each part.
        """
        starts = owners or [0] * len(parts)
        return Found(
            owners=torch.cat([part.owners + start for part, start in zip(parts, starts, strict=True)]),
            **{name: torch.cat([getattr(part, name) for part in parts]) for name in ("classes", "boxes", "scores")},
        )


def area(boxes: Tensor) -> Tensor:
    """Of boxes ``[..., 4]``; a box turned inside out has none."""
    return (boxes[..., 2:] - boxes[..., :2]).clamp_min(0).prod(-1)


def iou(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union, ``[n, m]``, of boxes ``[n, 4]`` and ``[m, 4]``; 0 where both are empty."""
    low = torch.maximum(one[:, None, :2], other[None, :, :2])
    high = torch.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = (high - low).clamp_min(0).prod(-1)
    union = area(one)[:, None] + area(other)[None] - shared
    return torch.where(union > 0, shared / union.clamp_min(1e-12), torch.zeros(()).to(union))
