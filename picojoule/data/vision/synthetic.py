"""The synthetic twin of the embedded digits: strokes drawn by a seed, same shapes, no file."""

from __future__ import annotations

import torch
from torch import Tensor

from picojoule.base.files import sha256
from picojoule.data.vision.images import Dataset, Images

SIDE = 28

# Strokes from point to point on a 5 × 9 grid (x to the right, y down), one digit a row.
STROKES: tuple[tuple[tuple[float, float, float, float], ...], ...] = (
    ((1, 0, 3, 0), (3, 0, 4, 2), (4, 2, 4, 6), (4, 6, 3, 8), (3, 8, 1, 8), (1, 8, 0, 6), (0, 6, 0, 2), (0, 2, 1, 0)),
    ((2, 0, 2, 8),),
    ((0, 2, 1, 0), (1, 0, 3, 0), (3, 0, 4, 2), (4, 2, 0, 8), (0, 8, 4, 8)),
    ((0, 0, 3, 0), (3, 0, 4, 2), (4, 2, 2, 4), (2, 4, 4, 6), (4, 6, 3, 8), (3, 8, 0, 8)),
    ((0.5, 0, 0, 4.5), (0, 4.5, 4, 4.5), (3.5, 1, 3, 8)),
    ((4, 0, 0.5, 0), (0.5, 0, 0.5, 3.5), (0.5, 3.5, 3, 3.5), (3, 3.5, 4, 5.5), (4, 5.5, 3, 8), (3, 8, 0, 8)),
    ((3, 0, 1, 2), (1, 2, 0, 6), (0, 6, 1, 8), (1, 8, 3, 8), (3, 8, 4, 6), (4, 6, 3, 4.5), (3, 4.5, 0, 5.5)),
    ((0, 0, 4, 0), (4, 0, 1.5, 8)),
    ((1, 0, 3, 0), (3, 0, 4, 2), (4, 2, 0, 6), (0, 6, 1, 8), (1, 8, 3, 8), (3, 8, 4, 6), (4, 6, 0, 2), (0, 2, 1, 0)),
    ((4, 2, 3, 0), (3, 0, 1, 0), (1, 0, 0, 2), (0, 2, 1, 4), (1, 4, 4, 2), (4, 2, 3.2, 8)),
)  # fmt: skip


def load(*, train: int = 200, test: int = 100, seed: int = 0) -> Dataset:
    """Generated digits 28×28 in [0, 1], the classes in turn.

    Args:
        train: number of training images.
        test: number of test images.
        seed: of the generator that slants, stretches and shifts each digit and sets its pen.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(train + test) % 10
    everything = Images(images=_draw(labels, generator), labels=labels)
    raw = (everything.images.numpy().tobytes(), labels.numpy().tobytes())
    parts = torch.arange(train + test).split([train, test])
    return Dataset(
        name=f"synthetic-digits-seed{seed}",
        train=everything.select(parts[0]),
        test=everything.select(parts[1]),
        sha256=sha256(*raw),
    )


def _draw(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Images ``[n, 1, 28, 28]`` of the digits `labels`, each with a pen and a shape of its own."""
    pen = 1.0 + 0.5 * torch.rand(len(labels), generator=generator)
    ends = _bend(_padded_strokes()[labels], generator)
    axis = torch.arange(SIDE, dtype=torch.float32)
    pixels = torch.stack((axis.repeat(SIDE), axis.repeat_interleave(SIDE)), dim=1)
    distance = _distance(pixels, ends[..., :2], ends[..., 2:])
    ink = (pen[:, None] + 0.5 - distance).clamp(0, 1)
    return ink.view(-1, 1, SIDE, SIDE)


def _padded_strokes() -> Tensor:
    """The table as ``[10, strokes, 4]``; a digit with fewer strokes repeats its first."""
    most = max(len(strokes) for strokes in STROKES)
    return torch.tensor([[*strokes, *[strokes[0]] * (most - len(strokes))] for strokes in STROKES])


def _bend(strokes: Tensor, generator: torch.Generator) -> Tensor:
    """Strokes ``[n, s, 4]`` on the grid to pixels: stretch, slant and shift, drawn for each image."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(strokes), 1, generator=generator)

    width, height, slant = uniform(2.6, 3.6), uniform(2.0, 2.5), uniform(-0.1, 0.4)
    right, down = uniform(-1.5, 1.5), uniform(-1.5, 1.5)
    x, y = strokes[..., 0::2] - 2, strokes[..., 1::2] - 4
    y = y * height[..., None]
    x = x * width[..., None] - y * slant[..., None]
    centre = (SIDE - 1) / 2
    return torch.stack((x + right[..., None], y + down[..., None]), dim=-1).flatten(2) + centre


def _distance(pixels: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Distance ``[n, p]`` of each of the pixels ``[p, 2]`` from the nearest of the strokes ``[n, s, 2]``.

    The nearest point of a stroke is start + t·(end − start) with t in [0, 1].
    """
    nearest = torch.full((len(start), len(pixels)), torch.inf)
    for a, b in zip(start.unbind(1), end.unbind(1), strict=True):
        along, reach = b - a, pixels - a[:, None]
        t = ((reach * along[:, None]).sum(-1) / along.square().sum(-1, keepdim=True)).clamp(0, 1)
        nearest = torch.minimum(nearest, (reach - t[..., None] * along[:, None]).norm(dim=-1))
    return nearest
