"""Rows, curves and pictures of what was watched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from PIL import Image

from picojoule.cost import Profile, profiles
from picojoule.data.vision.detection import Scenes
from picojoule.measurement import counted
from picojoule.metrics import Found, coco_map, voc_interval
from picojoule.recipes.spiking_yolo.claims import KEEPS
from picojoule.recipes.spiking_yolo.conditions import DECODERS, System
from picojoule.recipes.spiking_yolo.watch import Watched, steps_to
from picojoule.reports.boxes import Box, annotated, grid, png
from picojoule.result import Row, Series

PROFILES: tuple[Profile, ...] = (
    profiles.HOROWITZ_FP32,
    profiles.HOROWITZ_INT8,
    profiles.HOROWITZ_FP32_OPS,
    profiles.HOROWITZ_INT8_OPS,
)
SHOWN = 0.3
"""Least score of a box that is drawn."""
_SHOWN_SCENES, _SIDE = 4, 176


def row(done: Watched, ann: Watched, *, classes: int) -> Row:
    """A detector as a row: mAP50 by every decoder, COCO's mean, and the steps to 98 % of the ANN's mAP50."""
    key, spiking = done.last, done.network.spiking
    metrics: dict[str, float | None] = {
        "map50": done.best,
        "map": coco_map(done.found[key], done.scenes, classes=classes).map,
        "map50_of_ann": done.share_of(ann),
    }
    if spiking:
        metrics |= {f"map50_{name}": done.curve(name).get(key[1]) for name in DECODERS[1:]}
        metrics["steps_to_98_per_cent"] = steps_to(done.curve(DECODERS[0]), KEEPS * ann.best)
    made = counted(
        done.network.name,
        done.counts,
        PROFILES,
        hits=None,
        spiking=spiking,
        metrics=metrics,
        seconds=done.seconds if done.network.precision == "fp32" else None,
    )
    made.interval["map50"] = voc_interval(done.found[key], done.scenes, classes=classes)
    return made


def curves(done: Mapping[System, Watched], tuned: Watched) -> list[Series]:
    """mAP50 against steps: by the membrane for all systems, by the other decoders for each of them."""
    everything = {f"{system.neuron} {system.norm}": each for system, each in done.items()} | {"two-phase": tuned}
    return [
        Series(
            name="mAP50 against steps" + (f", {decoder}" if decoder != DECODERS[0] else ""),
            system=name,
            x=tuple(curve),
            y=tuple(curve.values()),
            x_unit="steps",
            y_unit="fraction",
        )
        for decoder in DECODERS
        for name, each in everything.items()
        if (curve := each.curve(decoder))
    ]


def pictures(ann: Watched, spiking: Watched, names: Sequence[str]) -> dict[str, bytes]:
    """A few scenes with the true boxes, the ANN's, and the spiking network's at several numbers of steps."""
    scenes = ann.scenes
    steps = sorted(spiking.curve(DECODERS[0]))
    chosen = [steps[k] for k in sorted({len(steps) // 4, len(steps) // 2, 3 * len(steps) // 4, len(steps) - 1})]
    columns = [("true boxes", None), (ann.network.name, ann.found[ann.last])]
    columns += [(f"T={each}", spiking.found[DECODERS[0], each]) for each in chosen]
    rows = [[_picture(scenes, k, found, names) for _, found in columns] for k in range(min(_SHOWN_SCENES, len(scenes)))]
    return {f"Boxes of {spiking.network.name}": png(grid(rows, [heading for heading, _ in columns]))}


def _picture(scenes: Scenes, index: int, found: Found | None, names: Sequence[str]) -> Image.Image:
    given = scenes if found is None else found
    mine = torch.nonzero(given.owners == index)[:, 0]
    mine = mine if found is None else mine[found.scores[mine] >= SHOWN]
    pixels = (scenes.images[index] * 255).round().byte().permute(1, 2, 0).numpy()
    boxes = [
        Box(*box, label=names[kind], colour=kind)
        for box, kind in zip(given.boxes[mine].tolist(), given.classes[mine].tolist(), strict=True)
    ]
    return annotated(Image.fromarray(pixels), boxes, zoom=_SIDE / scenes.size[0])
