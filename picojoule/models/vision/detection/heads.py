"""What a detector's raw map says: boxes and scores, as the YOLOs write them.

::

    x = (s·σ(t_x) − (s − 1)/2 + c_x)·stride      w = p_w·e^{t_w}
    y = (s·σ(t_y) − (s − 1)/2 + c_y)·stride      h = p_h·e^{t_h}
    score of class k = σ(t_o)·p_k                p = softmax(t) where classes exclude each other, else σ(t)

(c_x, c_y) is the cell, (p_w, p_h) the anchor in pixels, s is 1 but in some later networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import InputError, WeightsError
from picojoule.metrics import iou
from picojoule.models.darknet import Section

_MOST_LOG = 8.0  # of a side over its anchor; beyond it a raw map is wrong, and e^t must not overflow


@final
@dataclass(frozen=True, kw_only=True)
class Head:
    """How one map is read.

    Attributes:
        anchors: width and height in pixels of the network's input.
        classes: how many.
        exclusive: a box has one class (softmax); otherwise each class is judged alone.
        spread: s.
    """

    anchors: tuple[tuple[float, float], ...]
    classes: int
    exclusive: bool = True
    spread: float = 1.0

    @property
    def channels(self) -> int:
        """Of the map: four coordinates, an objectness and the classes for each anchor."""
        return len(self.anchors) * (5 + self.classes)

    def split(self, raw: Tensor) -> Tensor:
        """A map ``[b, channels, h, w]`` as ``[b, anchors, h, w, 5 + classes]``.

        Raises:
            InputError: it has other channels.
        """
        if raw.dim() != 4 or raw.shape[1] != self.channels:
            raise InputError(
                f"a map of shape {list(raw.shape)} where {self.channels} channels are read",
                where="detection head",
                remedy=f"give {len(self.anchors)} anchors × (5 + {self.classes} classes)",
            )
        return raw.unflatten(1, (len(self.anchors), 5 + self.classes)).permute(0, 1, 3, 4, 2)

    def boxes(self, parts: Tensor, size: tuple[int, int]) -> Tensor:
        """Boxes ``[b, anchors, h, w, 4]`` in pixels of an input of `size` (height, width)."""
        rows, columns = parts.shape[2:4]
        strides = torch.tensor([size[1] / columns, size[0] / rows]).to(parts)
        y, x = torch.meshgrid(torch.arange(rows).to(parts), torch.arange(columns).to(parts), indexing="ij")
        centre = self.spread * parts[..., :2].sigmoid() - (self.spread - 1) / 2 + torch.stack([x, y], -1)
        anchors = torch.tensor(self.anchors).to(parts)[:, None, None]
        half = anchors * parts[..., 2:4].clamp(max=_MOST_LOG).exp() / 2
        return torch.cat([centre * strides - half, centre * strides + half], -1)

    def scores(self, parts: Tensor) -> Tensor:
        """Scores ``[b, anchors, h, w, classes]``."""
        kinds = parts[..., 5:].softmax(-1) if self.exclusive else parts[..., 5:].sigmoid()
        return parts[..., 4:5].sigmoid() * kinds


def heads_of(model: object) -> tuple[Head, ...]:
    """The heads of a network: its attribute ``head``, or the detection sections of a darknet file.

    Raises:
        WeightsError: it has none, or a section's numbers do not make one.
    """
    head = getattr(model, "head", None)
    if isinstance(head, Head):
        return (head,)
    sections = getattr(model, "heads", ())
    if not sections:
        raise WeightsError(
            "it is no detector: it has neither a head nor a section [yolo] or [region]",
            where=type(model).__name__,
            remedy="give its module an attribute head of the type picojoule.models.vision.detection.Head",
        )
    return tuple(_of_section(section, model) for section in sections)


def _of_section(section: Section, model: object) -> Head:
    numbers = _floats(section, "anchors")
    pairs = tuple(zip(numbers[::2], numbers[1::2], strict=False))
    classes, many = section.number("classes"), section.number("num", len(pairs))
    if len(numbers) % 2 or many != len(pairs):
        raise WeightsError(
            f"{len(numbers)} numbers of anchors where num={many}",
            where=section.where,
            remedy="give two numbers, width and height, for each",
        )
    if section.kind == "region":
        stride = getattr(model, "stride", 32)
        return Head(
            anchors=tuple((w * stride, h * stride) for w, h in pairs),
            classes=classes,
            exclusive=bool(section.number("softmax", 1)),
        )
    mask = section.numbers("mask") if "mask" in section.options else range(len(pairs))
    if any(not 0 <= each < len(pairs) for each in mask):
        raise WeightsError(f"mask {list(mask)} of {len(pairs)} anchors", where=section.where, remedy="correct the mask")
    spread = _floats(section, "scale_x_y")[0] if "scale_x_y" in section.options else 1.0
    return Head(anchors=tuple(pairs[each] for each in mask), classes=classes, exclusive=False, spread=spread)


def _floats(section: Section, name: str) -> list[float]:
    try:
        return [float(each) for each in section.options[name].split(",")]
    except (KeyError, ValueError):
        given = section.options.get(name)
        raise WeightsError(f"{name} is {given!r}", where=section.where, remedy="give numbers between commas") from None


def anchors_of(sides: Tensor, number: int) -> tuple[tuple[float, float], ...]:
    """Anchors for boxes: the means of groups of boxes of similar shape, by rising area (as YOLO v2 has them).

    Args:
        sides: width and height of boxes, ``[n, 2]``, in pixels or cells, at least `number` of them.
        number: of anchors.

    Raises:
        InputError: fewer boxes than anchors.
    """
    if len(sides) < number:
        raise InputError(f"{len(sides)} boxes for {number} anchors", where="anchors_of", remedy="give more boxes")
    ordered = sides[sides.prod(1).argsort(stable=True)]
    centres = torch.stack([part.mean(0) for part in ordered.tensor_split(number)])
    for _ in range(50):
        nearest = iou(_centred(ordered), _centred(centres)).argmax(1)
        groups = [ordered[nearest == k] for k in range(number)]
        moved = torch.stack([g.mean(0) if len(g) else c for g, c in zip(groups, centres, strict=True)])
        if torch.equal(moved, centres):
            break
        centres = moved
    return tuple((float(w), float(h)) for w, h in centres[centres.prod(1).argsort()])


def _centred(sides: Tensor) -> Tensor:
    return torch.cat([-sides / 2, sides / 2], 1)
