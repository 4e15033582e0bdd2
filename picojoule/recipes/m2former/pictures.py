"""What the networks look at: kept patches of each stage, attention of the class token, and what is confused."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from picojoule.data.vision.listed import MEAN, STD
from picojoule.metrics import confusion as counted
from picojoule.models.vision.m2former import M2Former
from picojoule.recipes.m2former.conditions import FULL, Arm
from picojoule.recipes.m2former.material import Material
from picojoule.recipes.m2former.networks import Trained
from picojoule.reports.boxes import Box, annotated, grid, png
from picojoule.reports.patches import confusion

_SHOWN, _SIDE = 6, 160  # pictures, and pixels of a side
_APART = 3  # positions from one to the next, so that they are of several classes
_MOST = 40  # classes of a confusion that is drawn


def pictures(done: Mapping[Arm, Trained], material: Material) -> dict[str, bytes]:
    """Title → PNG."""
    found = {}
    full = done.get(FULL)
    if full is not None and isinstance(full.model, M2Former):
        last = min(len(material.test), _APART * _SHOWN) - 1
        x, _ = material.test.pick(torch.linspace(0, last, min(_SHOWN, last + 1)).long())
        found["patches that M2Former keeps, by stage"] = _patches(full.model, x, material)
        found["where the class token looks, by stage"] = _attention(full.model, x, material)
    for arm, each in done.items():
        if arm == FULL and len(material.classes) <= _MOST:
            table = counted(each.labels, each.answers.sum(0).argmax(1), len(material.classes))
            found[f"what {arm.name} takes for what"] = png(confusion(table.tolist(), material.classes))
    return found


@torch.no_grad()
def _patches(model: M2Former, x: Tensor, material: Material) -> bytes:
    device, pixels = next(model.parameters()).device, model.backbone.pixels
    chosen = model.selected(x.to(device))
    zoom = _SIDE / pixels
    rows = []
    for at, picture in enumerate(_shown(x, material)):
        row = [annotated(picture, (), zoom=zoom)]
        for scale, kept in zip(model.design.scales, chosen, strict=True):
            side = model.backbone.size.sides(pixels)[scale] // model.design.merge
            row.append(annotated(picture, _boxes(kept.places[at], side, pixels), zoom=zoom))
        rows.append(row)
    return png(grid(rows, ["picture", *(f"stage {scale + 1}" for scale in model.design.scales)]))


def _boxes(places: Tensor, side: int, pixels: int) -> list[Box]:
    step = pixels / side
    return [
        Box(place % side * step, place // side * step, (place % side + 1) * step, (place // side + 1) * step, colour=1)
        for place in places.tolist()
    ]


@torch.no_grad()
def _attention(model: M2Former, x: Tensor, material: Material) -> bytes:
    _, seen = model.backbone.watched(x.to(next(model.parameters()).device))
    rows = []
    for at, picture in enumerate(_shown(x, material)):
        plain = picture.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
        rows.append([plain, *(_lit(plain, each[at].cpu()) for each in seen)])
    return png(grid(rows, ["picture", *(f"stage {stage + 1}" for stage in range(len(seen)))]))


def _lit(picture: Image.Image, attention: Tensor) -> Image.Image:
    """The picture, bright where there is attention."""
    heat = (attention / attention.max())[None, None]
    heat = interpolate(heat, (_SIDE, _SIDE), mode="bilinear", align_corners=False)[0, 0]
    mask = Image.fromarray((255 * (0.2 + 0.8 * heat)).clamp(0, 255).byte().numpy())
    return Image.composite(picture, Image.new("RGB", picture.size), mask)


def _shown(x: Tensor, material: Material) -> list[Image.Image]:
    """The pictures as people see them."""
    if material.larger:
        mean, std = (torch.tensor(each).view(3, 1, 1) for each in (MEAN, STD))
        x = x * std + mean
    return [Image.fromarray(each) for each in (255 * x.clamp(0, 1)).round().byte().permute(0, 2, 3, 1).numpy()]
