"""The loss of YOLO v2.

::

    L = Σ_responsible [ (2 − w·h)·((σ(t_x) − x)² + (σ(t_y) − y)² + (t_w − ln w/p_w)² + (t_h − ln h/p_h)²)
                        + 5·(σ(t_o) − IoU)² − ln p_class ]  +  Σ_others [best IoU ≤ 0.6]·σ(t_o)²

Of the anchors in the cell of a box's centre, the one of the most similar shape is responsible for it; w·h is a share of
the picture. Weights and limits are darknet's, from memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from picojoule.metrics import iou
from picojoule.models.vision.detection import Head

_SURE, _OBJECT = 0.6, 5.0


class Aims(NamedTuple):
    """What the responsible predictions should be: one row a true box.

    Attributes:
        place: picture, anchor, row and column, int64 ``[n, 4]``.
        classes: int64 ``[n]``.
        boxes: ``[n, 4]`` in pixels.
    """

    place: Tensor
    classes: Tensor
    boxes: Tensor


def yolo_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The loss of a batch, a picture.

    Args:
        model: with a ``head``.
        x: pictures ``[b, c, h, w]``.
        y: boxes ``[b, most, 5]``, class and box in pixels, class −1 where there is none.
    """
    head, size = model.head, (x.shape[-2], x.shape[-1])  # type: ignore[union-attr]
    assert isinstance(head, Head)
    parts = head.split(model(x))
    aims = _aims(head, y, parts.shape[2:4], size)
    boxes = head.boxes(parts, size)
    return (_responsible(head, parts, boxes, aims, size) + _others(parts, boxes, aims, y)) / len(x)


def _aims(head: Head, y: Tensor, cells: Sequence[int], size: tuple[int, int]) -> Aims:
    picture, place = (y[..., 0] >= 0).nonzero(as_tuple=True)
    rows = y[picture, place]
    boxes = rows[:, 1:]
    sides = boxes[:, 2:] - boxes[:, :2]
    centred = torch.cat([-sides / 2, sides / 2], 1)
    half = torch.tensor(head.anchors).to(y) / 2
    anchor = iou(centred, torch.cat([-half, half], 1)).argmax(1)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    column = (middle[:, 0] * cells[1] / size[1]).long().clamp(0, cells[1] - 1)
    row = (middle[:, 1] * cells[0] / size[0]).long().clamp(0, cells[0] - 1)
    return Aims(torch.stack([picture, anchor, row, column], 1), rows[:, 0].long(), boxes)


def _responsible(head: Head, parts: Tensor, boxes: Tensor, aims: Aims, size: tuple[int, int]) -> Tensor:
    at = tuple(aims.place.unbind(1))
    mine, sides = parts[at], aims.boxes[:, 2:] - aims.boxes[:, :2]
    cells = torch.tensor([parts.shape[3], parts.shape[2]]).to(parts)
    pixels = torch.tensor([size[1], size[0]]).to(parts)
    middle = (aims.boxes[:, :2] + aims.boxes[:, 2:]) / 2 * cells / pixels
    within = middle - aims.place[:, [3, 2]]
    anchors = torch.tensor(head.anchors).to(parts)[aims.place[:, 1]]
    misses = (mine[:, :2].sigmoid() - within) ** 2 + (mine[:, 2:4] - (sides / anchors).log()) ** 2
    small = 2 - (sides / pixels).prod(1)
    overlap = _paired_iou(boxes[at].detach(), aims.boxes)
    objects = (mine[:, 4].sigmoid() - overlap) ** 2
    return (small * misses.sum(1) + _OBJECT * objects).sum() + cross_entropy(mine[:, 5:], aims.classes, reduction="sum")


def _paired_iou(one: Tensor, other: Tensor) -> Tensor:
    """Of the k-th with the k-th."""
    shared = (torch.minimum(one[:, 2:], other[:, 2:]) - torch.maximum(one[:, :2], other[:, :2])).clamp_min(0).prod(1)
    areas = (one[:, 2:] - one[:, :2]).prod(1) + (other[:, 2:] - other[:, :2]).prod(1)
    return shared / (areas - shared).clamp_min(1e-9)


def _others(parts: Tensor, boxes: Tensor, aims: Aims, y: Tensor) -> Tensor:
    """Objectness where there is no object: of predictions that are not responsible and cover none well."""
    with torch.no_grad():
        flat, true = boxes.detach().flatten(1, 3), y[..., 1:]
        low = torch.maximum(flat[:, :, None, :2], true[:, None, :, :2])
        shared = (torch.minimum(flat[:, :, None, 2:], true[:, None, :, 2:]) - low).clamp_min(0).prod(-1)
        areas = (flat[..., 2:] - flat[..., :2]).prod(-1)[:, :, None] + (true[..., 2:] - true[..., :2]).prod(-1)[:, None]
        counted = (shared / (areas - shared).clamp_min(1e-9)).amax(2).view(parts.shape[:4]) <= _SURE
        counted[tuple(aims.place.unbind(1))] = False
    return (parts[..., 4].sigmoid() ** 2 * counted).sum()
