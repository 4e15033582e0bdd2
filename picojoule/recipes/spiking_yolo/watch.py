"""Running a detector over scenes: what it finds at every number of steps, and what it did."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from picojoule.base.progress import track
from picojoule.cost import Counts
from picojoule.cost.counts import add_up
from picojoule.data.vision.detection import Scenes
from picojoule.engines import run
from picojoule.ir import Network
from picojoule.metrics import Found, voc_map
from picojoule.models.vision.detection import Head, find
from picojoule.recipes.spiking_yolo.conditions import DECODERS, read


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Watched:
    """What a detector did on some scenes.

    Attributes:
        network: which.
        scenes: which.
        found: boxes by decoder and number of steps; the ANN's under ``("", 0)``.
        counts: over all scenes.
        seconds: of the run of a scene, with counting.
        quality: mAP50, by the same keys.
    """

    network: Network
    scenes: Scenes
    found: dict[tuple[str, int], Found]
    counts: Counts
    seconds: float
    quality: dict[tuple[str, int], float] = field(default_factory=dict)

    @property
    def best(self) -> float:
        """mAP50 with all steps, read from the membrane; the ANN's own."""
        return self.quality[self.last]

    @property
    def last(self) -> tuple[str, int]:
        """The key of all steps, read from the membrane."""
        steps = max(steps for _, steps in self.found)
        return (DECODERS[0] if steps else "", steps)

    def share_of(self, ann: Watched) -> float | None:
        """mAP50 over the ANN's; None where the ANN finds nothing."""
        return self.best / ann.best if ann.best else None

    def curve(self, decoder: str) -> dict[int, float]:
        """mAP50 by number of steps."""
        return {steps: value for (name, steps), value in self.quality.items() if name == decoder}


def watch(
    network: Network,
    heads: tuple[Head, ...],
    scenes: Scenes,
    *,
    classes: int,
    grid: tuple[int, ...] = (),
    scale: Tensor | None = None,
    decoders: tuple[str, ...] = DECODERS,
    batch: int = 8,
    device: str = "cpu",
) -> Watched:
    """Run a detector and judge it.

    Args:
        network: spiking or not.
        heads: how its outputs are read.
        scenes: pictures with their boxes.
        classes: how many.
        grid: numbers of steps at which a spiking network is read.
        scale: the largest outputs, ``[1, ...]``, for the decoder that counts spikes.
        decoders: the readings of a spiking network.
        batch: scenes a run; the whole trajectory of a batch is in memory.
        device: where the network is.
    """
    options = {"grid": grid, "scale": scale, "decoders": decoders, "batch": batch, "device": device}
    found, counts, seconds = look(network, heads, scenes, **options)  # type: ignore[arg-type]
    quality = {key: voc_map(each, scenes, classes=classes) for key, each in found.items()}
    return Watched(network=network, scenes=scenes, found=found, counts=counts, seconds=seconds, quality=quality)


def look(
    network: Network,
    heads: tuple[Head, ...],
    scenes: Scenes,
    *,
    grid: tuple[int, ...],
    scale: Tensor | None,
    decoders: tuple[str, ...],
    batch: int,
    device: str,
) -> tuple[dict[tuple[str, int], Found], Counts, float]:
    """What a detector finds, by decoder and number of steps; its counts; seconds of the run of a scene.

    Arguments are those of :func:`watch`.
    """
    parts: dict[tuple[str, int], list[Found]] = {}
    counts, seconds = [], 0.0
    batches = scenes.images.split(batch)
    for x in track(batches, network.name, len(batches)):
        start = time.perf_counter()
        done = run(network, x.to(device), trajectory=network.spiking)
        seconds += time.perf_counter() - start
        assert done.counts is not None
        counts.append(done.counts)
        outputs = {("", 0): done.values}
        if done.trajectory is not None:
            ends = torch.ones(()) if scale is None else scale
            outputs = {
                (decoder, steps): _as_maps(value, done.values)
                for decoder in decoders
                for steps, value in read(decoder, network, done.trajectory, ends.to(device), grid).items()
            }
        for key, maps in outputs.items():
            parts.setdefault(key, []).append(find(heads, maps, scenes.size))
    starts = [*range(0, len(scenes), batch)]
    return {key: Found.joined(each, starts) for key, each in parts.items()}, add_up(counts), seconds / len(scenes)


def _as_maps(value: Tensor, like: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
    """A row of a trajectory in the shape of the network's outputs."""
    if isinstance(like, Tensor):
        return value.view(like.shape)
    sizes = [each[0].numel() for each in like]
    parts = value.flatten(1).split(sizes, 1)
    return tuple(part.view(each.shape) for part, each in zip(parts, like, strict=True))


@torch.inference_mode()
def output_scale(network: Network, images: Tensor) -> Tensor:
    """λ of the output, per channel of a map: the largest magnitude on calibration pictures, as ``[1, ...]``.

    Args:
        network: the ANN.
        images: calibration pictures.
    """
    values = [run(network, x, count=False).values for x in images.split(32)]
    maps = [values] if isinstance(values[0], Tensor) else [list(each) for each in zip(*values, strict=True)]
    rows = []
    for each in maps:
        largest = torch.cat(each).abs().amax((0, 2, 3), keepdim=True).clamp_min(1e-6)
        rows.append(largest.expand(1, *each[0].shape[1:]))
    return rows[0] if len(rows) == 1 else torch.cat([row.flatten(1) for row in rows], 1)


def steps_to(curve: dict[int, float], target: float) -> int | None:
    """The fewest steps from which on the curve never falls below the target again; None where it never gets there."""
    kept = None
    for steps in sorted(curve, reverse=True):
        if curve[steps] < target:
            break
        kept = steps
    return kept
