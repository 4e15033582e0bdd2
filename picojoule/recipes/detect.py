"""Boxes of a trained detector on one picture: as the ANN it is, or as a spiking network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from PIL import Image
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.codes import Rate
from picojoule.conversion import convert, trace
from picojoule.conversion.fold import fold
from picojoule.data.vision.detection import embedded, letterbox, open_picture
from picojoule.engines import run
from picojoule.ir import Network
from picojoule.models.vision.detection import Head, TinyYolo, find, heads_of
from picojoule.reports.boxes import Box, annotated, png


@final
@dataclass(frozen=True, kw_only=True)
class Detection:
    """One box in the picture.

    Attributes:
        name: of its class.
        kind: number of its class.
        score: 0 … 1.
        box: left, top, right, bottom in pixels of the picture.
    """

    name: str
    kind: int
    score: float
    box: tuple[float, float, float, float]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Detections:
    """What was found in a picture, best first.

    Attributes:
        picture: as it was opened.
        found: the boxes.
        system: what found them.
        steps, synops: of a spiking network; None of an ANN.
    """

    picture: Image.Image
    found: tuple[Detection, ...]
    system: str
    steps: int | None = None
    synops: int | None = None

    def png(self) -> bytes:
        """The picture with its boxes, enlarged where it is small."""
        boxes = [
            Box(*each.box, label=f"{each.name} {each.score:.2f}", colour=each.kind) for each in reversed(self.found)
        ]
        return png(annotated(self.picture, boxes, zoom=max(1.0, 480 / max(self.picture.size))))

    def to_json(self) -> str:
        """System, size of the picture, and every box."""
        rows = [
            {"class": each.name, "score": round(each.score, 4), "box": [round(side, 1) for side in each.box]}
            for each in self.found
        ]
        about = {"system": self.system, "width": self.picture.width, "height": self.picture.height}
        spiking = {"steps": self.steps, "synops": self.synops} if self.steps is not None else {}
        return json.dumps({**about, **spiking, "boxes": rows}, indent=1, ensure_ascii=False)

    def __str__(self) -> str:
        lines = [f"{each.name:<16} {each.score:>6.3f}   " + " ".join(f"{side:>7.1f}" for side in each.box)
                 for each in self.found]  # fmt: skip
        heading = f"{'class':<16} {'score':>6}   {'left':>7} {'top':>7} {'right':>7} {'bottom':>7}"
        return "\n".join([self.system, heading, *lines] if lines else [self.system, "no box"])


def detect(
    image: Path | str,
    model: nn.Module,
    *,
    names: Sequence[str] = (),
    steps: int | None = None,
    size: tuple[int, int] | None = None,
    threshold: float = 0.25,
    overlap: float = 0.45,
) -> Detections:
    """Find the boxes in a picture.

    Args:
        image: the file.
        model: a detector: its heads are those of :func:`picojoule.models.vision.detection.heads_of`.
        names: of the classes, in order; numbers where there are none.
        steps: run it as a spiking network of so many steps; None runs the ANN.
        size: height and width of the network's input; its own by default.
        threshold: least score.
        overlap: of two boxes of a class that cover each other by more than this the better is kept.

    Raises:
        DataError: not a picture.
        WeightsError: not a detector.
        InputError: a number of names that is not that of the classes, or limits that are no fractions.
    """
    heads, picture = heads_of(model), open_picture(image)
    names = _named(names, heads)
    for word, value in (("--threshold", threshold), ("--overlap", overlap)):
        if not 0 <= value <= 1:
            raise InputError(f"{value:g} is no fraction", where=word, remedy="give a number from 0 to 1")
    size = size or _size_of(model)
    pixels, placed = letterbox(picture, size)
    network = _network(model, pixels[None], steps)
    done = run(network, pixels[None])
    found = find(heads, done.values, size, threshold=threshold, overlap=overlap)
    boxes = placed.back(found.boxes)
    return Detections(
        picture=picture,
        found=tuple(
            Detection(name=names[kind], kind=kind, score=score, box=tuple(box))
            for kind, score, box in zip(found.classes.tolist(), found.scores.tolist(), boxes.tolist(), strict=True)
        ),
        system=network.name,
        steps=steps,
        synops=done.counts.total("synops") if steps and done.counts else None,
    )


def _network(model: nn.Module, pixels: Tensor, steps: int | None) -> Network:
    """The ANN, or its spiking form, whose scales are the largest values on the picture itself."""
    if steps is None:
        return fold(trace(model, pixels))
    return convert(model, pixels, code=Rate(steps=steps, initial=0.0), percentile=100, input="analogue")


def _size_of(model: nn.Module) -> tuple[int, int]:
    """Of the pictures that it takes."""
    if isinstance(model, TinyYolo):
        return (embedded.SIDE, embedded.SIDE)
    height, width = getattr(model, "height", None), getattr(model, "width", None)
    if isinstance(height, int) and isinstance(width, int):
        return height, width
    raise InputError("the size of its input is not known", where="detect", remedy="give it with --size 416")


def _named(names: Sequence[str], heads: Sequence[Head]) -> Sequence[str]:
    classes = heads[0].classes
    if names and len(names) != classes:
        raise InputError(
            f"{len(names)} names where the detector has {classes} classes",
            where="--names",
            remedy="give a file with one name a line",
        )
    return names or [f"class {number}" for number in range(classes)]
