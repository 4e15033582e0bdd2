"""Spiking detectors on real pictures and on the embedded ones: mAP50 against T beside the ANN's.

    PICOJOULE_DATA=folder python benchmarks/spiking_yolo.py [--part fastest|cells|digits ...] [--workers 4]
        [--device cuda] [--steps 512] [--limit N] [--out FILE]

``fastest``: Yolo-Fastest 1.1 (`models/yolo_fastest_1.1_coco.npz`) on `indoor_det.npz`, stretched to 320×320, on the
classes of PASCAL VOC with at least five boxes. ``cells``: a small Tiny YOLO v2 trained on `bccd.npz` here. ``digits``:
the embedded detector, scales per channel beside scales per layer.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from picojoule.base.files import write_whole
from picojoule.cost import Counts
from picojoule.cost.counts import add_up
from picojoule.data.vision.detection import Scenes, embedded, load
from picojoule.engines.plan import macs
from picojoule.ir import Network, WeightLayer
from picojoule.metrics import Found, coco_map, voc_map
from picojoule.models import embedded_detector, load_darknet
from picojoule.models.darknet import class_names
from picojoule.models.vision.detection import Head, anchors_of, heads_of, small_yolo
from picojoule.recipes.spiking_yolo.claims import KEEPS
from picojoule.recipes.spiking_yolo.conditions import CHANNEL, LAYER, RECTIFIED, System
from picojoule.recipes.spiking_yolo.watch import look, steps_to
from picojoule.recipes.systems import ann
from picojoule.train.detector import Settings, train_detector
from timing import machine

VOC = {
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog"),
    *("horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
}
DECODERS = ("membrane", "settled")
WEIGHTED = System(norm="channel", neuron="weighted")
LEAST_BOXES, CELL_SIZE, CELL_EPOCHS, STRIDE = 5, (96, 128), 80, 8


@dataclass(frozen=True, kw_only=True)
class Task:
    """A detector, the pictures it is judged on, and the classes that count.

    Attributes:
        chosen: class of the detector → class of the scenes' truth, of those judged.
        percentile: of activations that set the scales.
    """

    title: str
    model: nn.Module
    heads: tuple[Head, ...]
    calibration: Tensor
    scenes: Scenes
    chosen: dict[int, int]
    percentile: float
    batch: int
    systems: tuple[System, ...] = (CHANNEL, WEIGHTED, RECTIFIED)


def fastest(folder: Path, options: argparse.Namespace) -> Task:
    file = folder / "models" / "yolo_fastest_1.1_coco.npz"
    data = load(folder / "indoor_det.npz", size=(320, 320), stretch=True, limit=options.limit)
    ours = {name: k for k, name in enumerate(class_names(file))}
    many = torch.bincount(data.test.classes, minlength=len(data.names))
    kept = [k for k, name in enumerate(data.names) if name in VOC and name in ours and many[k] >= LEAST_BOXES]
    told = ", ".join(f"{data.names[k]} {int(many[k])}" for k in kept)
    model = load_darknet(file)
    return Task(
        title=f"Yolo-Fastest 1.1 on indoor_det ({len(data.test)} photos, stretched to 320×320; boxes: {told})",
        model=model,
        heads=heads_of(model),
        calibration=data.test.images,
        scenes=data.test,
        chosen={ours[data.names[k]]: k for k in kept},
        percentile=100,
        batch=1,
    )


def cells(folder: Path, options: argparse.Namespace) -> Task:
    data = load(folder / "bccd.npz", size=CELL_SIZE, limit=options.limit)
    sides = (data.train.boxes[:, 2:] - data.train.boxes[:, :2]) / STRIDE
    torch.manual_seed(0)
    model = small_yolo(len(data.names), anchors_of(sides, 3)).to(options.device)
    epochs = CELL_EPOCHS if options.limit is None else 1
    seconds = train_detector(model, data.train, Settings(epochs=epochs, batch=16), what="training on BCCD")
    size = f"{CELL_SIZE[1]}×{CELL_SIZE[0]}"
    return Task(
        title=f"Small Tiny YOLO v2 on BCCD ({len(data.train)} training and {len(data.test)} test pictures, {size}; "
        f"{epochs} epochs, {seconds:.0f} s)",
        model=model.cpu(),
        heads=heads_of(model),
        calibration=data.train.images,
        scenes=data.test,
        chosen={k: k for k in range(len(data.names))},
        percentile=99.9,
        batch=4,
    )


def digits(folder: Path, options: argparse.Namespace) -> Task:
    data = embedded.load(train=200, test=options.limit or 200)
    model = embedded_detector()
    return Task(
        title=f"The embedded small Tiny YOLO v2 on {len(data.test)} test scenes of digits on photos",
        model=model,
        heads=heads_of(model),
        calibration=data.train.images,
        scenes=data.test,
        chosen={k: k for k in range(10)},
        percentile=99.9,
        batch=8,
        systems=(CHANNEL, LAYER, WEIGHTED, RECTIFIED),
    )


PARTS = {"fastest": fastest, "cells": cells, "digits": digits}


def judged(found: Found, task: Task) -> tuple[Found, Scenes, int]:
    """Boxes found and true of the classes that count, numbered from 0."""
    order = {theirs: k for k, theirs in enumerate(task.chosen.values())}
    kept = torch.tensor([int(k) in order for k in task.scenes.classes])
    part = {name: getattr(task.scenes, name)[kept] for name in ("owners", "boxes", "difficult")}
    truth = replace(
        task.scenes, classes=torch.tensor([order[int(k)] for k in task.scenes.classes[kept]], dtype=torch.int64), **part
    )
    table = torch.full((task.heads[0].classes,), -1)
    for ours, theirs in task.chosen.items():
        table[ours] = order[theirs]
    mine = found.where(table[found.classes] >= 0)
    return replace(mine, classes=table[mine.classes]), truth, len(order)


def watched(network: Network, task: Task, grid: tuple[int, ...], options: argparse.Namespace):  # type: ignore[no-untyped-def]
    """Boxes by decoder and steps, counts, and seconds a picture; the pictures shared by the workers."""
    pieces = [
        *torch.arange(len(task.scenes)).split(task.batch * -(-len(task.scenes) // (task.batch * options.workers)))
    ]
    given: dict[str, Any] = {
        "grid": grid, "scale": None, "decoders": DECODERS, "batch": task.batch, "device": options.device,
    }  # fmt: skip
    work = partial(_look, network.to(options.device, "float32"), task.heads, given)
    scenes = [task.scenes.select(piece) for piece in pieces]
    if options.workers == 1:
        done = [work(each) for each in scenes]
    else:
        with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
            done = [*pool.map(work, scenes)]
    starts = [int(piece[0]) for piece in pieces]
    found = {key: Found.joined([each[0][key] for each in done], starts) for key in done[0][0]}
    counts: Counts = add_up(each[1] for each in done)
    return found, counts, sum(each[2] * len(part) for each, part in zip(done, scenes, strict=True)) / len(task.scenes)


def _look(network: Network, heads: tuple[Head, ...], given: dict[str, Any], scenes: Scenes):  # type: ignore[no-untyped-def]
    torch.set_num_threads(1)
    return look(network, heads, scenes, **given)


def line(*cells_: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells_)} |"


def table(task: Task, options: argparse.Namespace) -> Iterator[str]:
    """The lines about one task."""
    grid = tuple(t for t in (16, 32, 64, 128, 192, 256, 384, 512, 1024) if t <= options.steps)
    plain = ann(task.model, task.calibration)
    found, counts, seconds = watched(plain, task, (), options)
    mine, truth, classes = judged(found["", 0], task)
    best, coco = voc_map(mine, truth, classes=classes), coco_map(mine, truth, classes=classes).map
    total = sum(macs(layer, plain.source(layer)) for layer in plain.all(WeightLayer))
    yield f"\n## {task.title}\n"
    yield f"ANN: mAP50 {100 * best:.1f} %, COCO's mAP {100 * coco:.1f} %, {total / 1e6:.0f} MMAC, {seconds:.2f} s.\n"
    yield line(
        "neuron", "scales", "read", *(f"T={t}" for t in grid), "98 % of ANN at", *map(_words, _COUNTED), "s each"
    )
    yield line(*["---"] * (9 + len(grid)))
    for system in task.systems:
        network = system.network(task.model, task.calibration, options.steps, percentile=task.percentile)
        found, counts, seconds = watched(network, task, grid, options)
        for decoder in DECODERS:
            curve = {}
            for steps in grid:
                mine, truth, classes = judged(found[decoder, steps], task)
                curve[steps] = voc_map(mine, truth, classes=classes)
            enough = steps_to(curve, KEEPS * best)
            points = (f"{100 * each:.1f}" for each in curve.values())
            did = (f"{counts.per_sample(name):.3g}" for name in _COUNTED)
            yield line(system.neuron, system.norm, decoder, *points, str(enough or "–"), *did, f"{seconds:.2f}")


_COUNTED = ("spikes", "synops", "state_updates", "bias_adds")


def _words(name: str) -> str:
    return name.replace("_", " ")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables, and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=[*PARTS])
    parser.add_argument("--workers", type=int, default=1, help="processes that share the pictures")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=512)
    parser.add_argument("--limit", type=int, help="at most so many pictures, and one epoch of training")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    folder = Path(os.environ.get("PICOJOULE_DATA", "."))
    lines = [f"# Spiking detectors, {date.today()}\n", f"{machine()}; {options.workers} workers, {options.device}\n",
             "mAP50 in per cent. *membrane*: V(T)/T; *settled*: without the first quarter of the steps. Pixels are a",
             "current into the first layer; v₀ = 0. *signed*: imbalanced threshold; *relu*: no spikes below zero.",
             "Counts and seconds are a picture's, of a run that counts."]  # fmt: skip
    print(*lines, sep="\n")
    for part in options.part:
        for each in table(PARTS[part](folder, options), options):
            print(each, flush=True)
            lines.append(each)
    if options.out:
        write_whole(options.out, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
