"""From what was trained to rows and curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from statistics import fmean
from typing import final

import torch
from torch import Tensor, nn

from picojoule.cost import Counts, profiles
from picojoule.data.vision.fine_grained.creatures import SCALES, Sightings
from picojoule.measurement import count_module, counted
from picojoule.measurement.clock import seconds_of
from picojoule.metrics import wilson
from picojoule.models.vision.m2former import M2Former, exits
from picojoule.recipes.m2former.conditions import FULL, ORDERED, SURE, Arm, Plan, fewer
from picojoule.recipes.m2former.material import Material
from picojoule.recipes.m2former.networks import Answer, Trained, batches, limits, look, with_design
from picojoule.recipes.settings import Settings
from picojoule.result import Row, Series

PROFILES = (profiles.HOROWITZ_FP32, profiles.HOROWITZ_FP32_NO_REUSE)
FRONT = "accuracy against MACs"
_COUNTED = 2  # pictures that one count is of: MACs are the same for each


@final
class _UpTo(nn.Module):
    """An ordered M2Former whose samples all leave after so many scales."""

    def __init__(self, model: M2Former, most: int) -> None:
        super().__init__()
        self.model, self.most = model, most

    def forward(self, x: Tensor) -> Tensor:
        return exits.run(self.model, x, sure=2.0, most=self.most).answers


def counts_of(model: nn.Module, material: Material, device: str) -> Counts:
    """What a network does for a picture."""
    x, _ = material.test.pick(torch.arange(min(_COUNTED, len(material.test))))
    return count_module(model, x.to(device))


def rows(done: Mapping[Arm, Trained], material: Material, settings: Settings) -> Iterator[Row]:
    """A row an arm."""
    x, _ = material.test.pick(torch.arange(min(settings.batch, len(material.test))))
    for arm, each in done.items():
        whole = Answer(each.model).eval()
        found = counted(
            arm.name,
            counts_of(whole, material, settings.device),
            PROFILES,
            hits=None,
            spiking=False,
            metrics={"accuracy": each.accuracy, **_by_scale(each, material.sightings)},
            seconds=None if settings.mode == "smoke" else _seconds(whole, x.to(settings.device)),
        )
        yield replace(found, interval={"accuracy": wilson(int(each.right.sum()), len(each.right))})


def _by_scale(each: Trained, sightings: Sightings | None) -> dict[str, float]:
    """Accuracy by the size of the part that tells the class."""
    if sightings is None:
        return {}
    groups = {name: each.right[sightings.scales == scale] for scale, name in enumerate(SCALES)}
    return {f"accuracy_{name}_parts": float(right.double().mean()) for name, right in groups.items() if len(right)}


@torch.no_grad()
def _seconds(model: nn.Module, x: Tensor) -> float:
    return seconds_of(model, x) / len(x)


def series(done: Mapping[Arm, Trained], material: Material, plan: Plan, settings: Settings) -> Iterator[Series]:
    """Accuracy by part, by head, and against MACs; and where the kept patches are."""
    if material.sightings is not None:
        yield from _against_parts(done, material.sightings)
        yield from _kept(done, material, material.sightings, settings)
    for arm, each in done.items():
        if len(each.answers) > 1:
            x = tuple(range(1, len(each.of_heads) + 1))
            yield Series(name="accuracy of each head, and of their sum", system=arm.name, x=x, y=tuple(each.of_heads),
                         x_unit="head", y_unit="fraction")  # fmt: skip
    yield from _front(done, material, plan, settings)


def _against_parts(done: Mapping[Arm, Trained], sightings: Sightings) -> Iterator[Series]:
    box = sightings.parts
    area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    known = [scale for scale in range(len(SCALES)) if bool((sightings.scales == scale).any())]
    sizes = [float(area[sightings.scales == scale].nanmean()) for scale in known]
    order = sorted(range(len(known)), key=lambda at: sizes[at])
    for arm, each in done.items():
        right = [float(each.right[sightings.scales == scale].double().mean()) for scale in known]
        yield Series(
            name="accuracy against the size of the telling part",
            system=arm.name,
            x=tuple(sizes[at] for at in order),
            y=tuple(right[at] for at in order),
            x_unit="pixels of the part's box",
            y_unit="fraction",
        )


def _kept(
    done: Mapping[Arm, Trained], material: Material, sightings: Sightings, settings: Settings
) -> Iterator[Series]:
    """Share of kept patches whose middle is in the creature's box, by stage, and the share of all patches."""
    full = done.get(FULL)
    if full is None:
        return
    inside, chance = places(full.model, material, sightings, settings)
    for system, shares in (("kept patches", inside), ("all patches", chance)):
        x = tuple(range(1, len(shares) + 1))
        yield Series(name="share of patches on the creature", system=system, x=x, y=tuple(shares), x_unit="stage",
                     y_unit="fraction")  # fmt: skip


@torch.no_grad()
def places(
    model: nn.Module, material: Material, sightings: Sightings, settings: Settings
) -> tuple[list[float], list[float]]:
    """Shares of kept patches, and of all patches, that are on the creature, of each scale."""
    assert isinstance(model, M2Former)
    kept: list[list[Tensor]] = [[] for _ in model.design.scales]
    whole: list[list[Tensor]] = [[] for _ in model.design.scales]
    boxes = sightings.creatures.split(settings.batch)
    for x, box in zip(batches(material, settings.batch, "where patches are"), boxes, strict=True):
        selected = model.selected(x.to(settings.device))
        for number, (scale, chosen) in enumerate(zip(model.design.scales, selected, strict=True)):
            side = model.backbone.size.sides(model.backbone.pixels)[scale] // model.design.merge
            on = on_boxes(side, model.backbone.pixels, box)
            kept[number].append(on.gather(1, chosen.places.cpu()))
            whole[number].append(on)
    return _shares(kept), _shares(whole)


def _shares(of: list[list[Tensor]]) -> list[float]:
    return [float(torch.cat(each).double().mean()) for each in of]


def on_boxes(side: int, pixels: int, boxes: Tensor) -> Tensor:
    """Whether the middle of each patch of a grid of `side`² is in a picture's box, bool ``[batch, side²]``."""
    middles = (torch.arange(side) + 0.5) * pixels / side
    across = (middles >= boxes[:, :1]) & (middles < boxes[:, 2:3])
    down = (middles >= boxes[:, 1:2]) & (middles < boxes[:, 3:])
    return (down[:, :, None] & across[:, None, :]).flatten(1)


def _front(done: Mapping[Arm, Trained], material: Material, plan: Plan, settings: Settings) -> Iterator[Series]:
    for arm, each in done.items():
        if arm not in (FULL, ORDERED):
            macs = counts_of(Answer(each.model), material, settings.device).per_sample("macs")
            yield _point(arm.name, {macs: each.accuracy})
    if FULL in done:
        yield _point(f"{FULL.name}, number of patches", of_patches(done[FULL], material, plan, settings))
    if ORDERED in done:
        yield _point(f"{ORDERED.name}, early exit", of_exits(done[ORDERED], material, settings))


def _point(system: str, points: Mapping[float, float]) -> Series:
    x = tuple(sorted(points))
    return Series(name=FRONT, system=system, x=x, y=tuple(points[each] for each in x), x_unit="MACs a picture",
                  y_unit="fraction")  # fmt: skip


def of_patches(full: Trained, material: Material, plan: Plan, settings: Settings) -> dict[float, float]:
    """Accuracy by MACs of the trained network with other numbers of patches."""
    assert isinstance(full.model, M2Former)
    found = {}
    for _, design in fewer(full.model.design, limits(plan)):
        model = with_design(full.model, design)
        macs = counts_of(Answer(model), material, settings.device).per_sample("macs")
        right = look(model, material, settings).sum(0).argmax(1) == full.labels
        found[macs] = float(right.double().mean())
    return found


def of_exits(ordered: Trained, material: Material, settings: Settings) -> dict[float, float]:
    """Accuracy by mean MACs of early exit, for every threshold."""
    model = ordered.model
    assert isinstance(model, M2Former)
    scales = len(model.design.scales)
    macs = [counts_of(_UpTo(model, n), material, settings.device).per_sample("macs") for n in range(1, scales + 1)]
    found = {}
    for sure in SURE:
        left = [exits.run(model, x.to(settings.device), sure=sure) for x in batches(material, settings.batch, "exits")]
        decided = torch.cat([each.answers for each in left]).argmax(1).cpu()
        spent = fmean(macs[after] for each in left for after in each.after.tolist())
        found[spent] = float((decided == ordered.labels).double().mean())
    return found
