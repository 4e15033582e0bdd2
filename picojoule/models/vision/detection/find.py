"""From raw maps to the boxes that are kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.metrics import Found, iou
from picojoule.models.vision.detection.heads import Head

MOST = 100
"""Boxes kept in a picture, as COCO counts."""


def find(
    heads: Sequence[Head],
    maps: Tensor | Sequence[Tensor],
    size: tuple[int, int],
    *,
    threshold: float = 0.005,
    overlap: float = 0.45,
    most: int = MOST,
) -> Found:
    """The boxes in a batch of pictures.

    Args:
        heads: one for each map.
        maps: raw outputs ``[b, channels, h, w]``, one or several.
        size: height and width of the network's input; boxes are in its pixels and cut at its edges.
        threshold: least score.
        overlap: of two boxes of a class that cover each other by more than this the better-scored one is kept.
        most: boxes of a picture, the best.

    Raises:
        InputError: another number of maps, or maps of other channels.
    """
    maps = (maps,) if isinstance(maps, Tensor) else tuple(maps)
    if len(maps) != len(heads):
        raise InputError(f"{len(maps)} maps and {len(heads)} heads", where="find", remedy="give a map for each head")
    parts = [head.split(raw.float().cpu()) for head, raw in zip(heads, maps, strict=True)]
    boxes = torch.cat([h.boxes(p, size).flatten(1, 3) for h, p in zip(heads, parts, strict=True)], 1)
    scores = torch.cat([h.scores(p).flatten(1, 3) for h, p in zip(heads, parts, strict=True)], 1)
    edge = torch.tensor([size[1], size[0]] * 2, dtype=torch.float32)
    boxes = torch.minimum(boxes.clamp_min(0), edge)
    found = [_of_picture(*each, threshold, overlap, most) for each in zip(boxes, scores, strict=True)]
    return Found.joined(found, [*range(len(found))])


def _of_picture(boxes: Tensor, scores: Tensor, threshold: float, overlap: float, most: int) -> Found:
    """Boxes ``[n, 4]`` and scores ``[n, classes]`` of one picture; a box may be kept for several classes."""
    box, kind = (scores >= threshold).nonzero(as_tuple=True)
    chosen = scores[box, kind]
    order = chosen.argsort(descending=True, stable=True)
    box, kind, chosen = box[order], kind[order], chosen[order]
    kept = suppress(boxes[box], kind, overlap, most)
    owners = torch.zeros(len(kept), dtype=torch.int64)
    return Found(owners=owners, classes=kind[kept], boxes=boxes[box[kept]], scores=chosen[kept])


def suppress(boxes: Tensor, classes: Tensor, overlap: float, most: int) -> Tensor:
    """Positions of the boxes that no better one of their class covers by more than `overlap`.

    Args:
        boxes, classes: ``[n, 4]`` and ``[n]``, best score first.
        overlap: intersection over union.
        most: how many to keep.
    """
    hides = ((iou(boxes, boxes) > overlap) & (classes[:, None] == classes[None])).numpy()
    hidden = np.zeros(len(boxes), bool)
    kept: list[int] = []
    for place in range(len(boxes)):
        if not hidden[place]:
            kept.append(place)
            if len(kept) == most:
                break
            hidden |= hides[place]
    return torch.tensor(kept, dtype=torch.int64)
