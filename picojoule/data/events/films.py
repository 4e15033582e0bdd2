"""Generated films with their events: photos and pieces of photos in motion, cut into windows.

Every film has a seed of its own, so a prefix of a set is the same however many are asked for. Training films have
textures of some photos, validation and test films of others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from torch import Tensor

from picojoule.base.files import sha256
from picojoule.base.progress import track
from picojoule.data.events.camera import EventCamera
from picojoule.data.events.grids import voxel_grid
from picojoule.data.events.scenes import Layer, Motion, Scene
from picojoule.data.vision.photos import grey, photo

PHOTOS: Mapping[str, tuple[str, ...]] = {
    "train": ("astronaut.png", "brick.png", "chelsea.png", "coins.png", "grass.png", "gravel.png", "moon.png",
              "hubble_deep_field.jpg", "page.png", "text.png"),
    "validation": ("coffee.png", "ihc.png"),
    "test": ("camera.png", "rocket.jpg", "motorcycle_left.png"),
}  # fmt: skip
WINDOW_US = 33_333.0
"""A window: a thirtieth of a second."""
_SAMPLES = 10
"""Samples of a window that the camera sees."""
_THRESHOLDS = (0.15, 0.3)
"""C⁺ is drawn between these; C⁻ is within a tenth of it."""
_APART = {"train": 0, "validation": 1_000_003, "test": 2_000_003}


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Films:
    """Films of equal length, each with a grid of its events for every window.

    Attributes:
        voxels: ``[n, windows, bins, h, w]``.
        frames: intensities in [0, 1] at equal parts of every window, its end the last: ``[n, windows, parts, h, w]``.
        flow: from the last frame of each window back to that of the window before, in pixels,
            ``[n, windows, 2, h, w]``.
        events: of every window, int64 ``[n, windows]``.
    """

    voxels: Tensor
    frames: Tensor
    flow: Tensor
    events: Tensor

    def __len__(self) -> int:
        return len(self.voxels)

    @property
    def parts(self) -> int:
        """Frames a window."""
        return self.frames.shape[2]

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Grids, and every window's frames with the flow behind them ``[m, windows, parts + 2, h, w]``."""
        return self.voxels[index], torch.cat((self.frames[index], self.flow[index]), 2)

    def take(self, n: int) -> Films:
        """The first `n`."""
        return Films(voxels=self.voxels[:n], frames=self.frames[:n], flow=self.flow[:n], events=self.events[:n])

    def bytes(self) -> tuple[bytes, ...]:
        """What a hash of them is of."""
        return self.voxels.numpy().tobytes(), self.frames.numpy().tobytes()


def films(
    part: str,
    n: int,
    *,
    side: int = 32,
    windows: int = 8,
    bins: int = 5,
    parts: int = 5,
    seed: int = 0,
    real: bool = True,
    split: int = 1,
) -> Films:
    """Films of random scenes.

    Args:
        part: ``train``, ``validation`` or ``test``: whose photos.
        n: how many.
        side: of the sensor.
        windows, bins, parts: of a film, of a grid, of a window.
        seed: of everything random.
        real: photos; blurred noise otherwise, which needs no package.
        split: every window is cut into so many, a divisor of `parts`: the same films in shorter windows.

    Raises:
        MissingExtra: scikit-image is not installed.
    """
    textures = [grey(photo(name)) for name in PHOTOS[part]] if real else _noise(seed)
    made = []
    for k in track(range(n), f"{part} films"):
        generator = torch.Generator().manual_seed((seed * 4_000_037 + _APART[part] + k) % 2**63)
        made.append(_film(_Random(generator), textures, _Cut(side, windows, bins, parts, split)))
    return Films(**{name: torch.stack([each[name] for each in made]) for name in made[0]})


def digest(*sets: Films) -> str:
    """SHA-256 of films."""
    return sha256(*(part for each in sets for part in each.bytes()))


@final
class _Random:
    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def real(self, low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=self.generator))

    def sign(self, size: float) -> float:
        return self.real(-size, size)

    def whole(self, most: int) -> int:
        return int(torch.randint(most, (), generator=self.generator))


class _Cut(NamedTuple):
    """How a film is cut."""

    side: int
    windows: int
    bins: int
    parts: int
    split: int


def _film(draw: _Random, textures: Sequence[Tensor], cut: _Cut) -> dict[str, Tensor]:
    side, windows = cut.side, cut.windows
    scene = Scene(layers=(_background(draw, textures, side), *_objects(draw, textures, side)), size=(side, side))
    brighter = draw.real(*_THRESHOLDS)
    camera = EventCamera(brighter=brighter, darker=brighter * draw.real(0.9, 1.1), wander=0.01, refractory_us=100)
    samples = torch.linspace(0, windows, windows * _SAMPLES + 1, dtype=torch.float64)
    events = camera.record(scene.render(samples), samples * WINDOW_US, seed=draw.whole(2**31))
    pieces = windows * cut.split
    found = [*events.windows([k * WINDOW_US / cut.split for k in range(pieces + 1)])]
    times = torch.arange(1, windows * cut.parts + 1) / cut.parts
    ends = torch.arange(1, pieces + 1) / cut.split
    return {
        "voxels": torch.stack([voxel_grid(each, cut.bins) for each in found]),
        "frames": scene.render(times).view(pieces, cut.parts // cut.split, side, side),
        "flow": scene.flow(ends - 1 / cut.split, ends),
        "events": torch.tensor([len(each) for each in found]),
    }


def _motion(draw: _Random, start: tuple[float, float], fastest: float, **more: float) -> Motion:
    course, speed = draw.sign(math.pi), draw.real(0.3, fastest)
    return Motion(
        start=start,
        velocity=(speed * math.cos(course), speed * math.sin(course)),
        swing=(draw.sign(3.0), draw.sign(3.0)),
        frequency=draw.real(0.05, 0.15),
        phase=draw.sign(math.pi),
        angle=draw.sign(math.pi),
        spin=draw.sign(0.06),
        zoom=draw.sign(0.02),
        **more,
    )


def _background(draw: _Random, textures: Sequence[Tensor], side: int) -> Layer:
    texture = textures[draw.whole(len(textures))]
    away = min(texture.shape) / 4
    start = (side / 2 + draw.sign(away), side / 2 + draw.sign(away))
    return Layer(texture=texture, motion=_motion(draw, start, 1.5, scale=draw.real(-0.7, 0.3)))


def _objects(draw: _Random, textures: Sequence[Tensor], side: int) -> list[Layer]:
    found = []
    for _ in range(draw.whole(4)):
        texture = textures[draw.whole(len(textures))]
        top, left = (draw.whole(length - _PIECE) for length in texture.shape)
        piece = texture[top : top + _PIECE, left : left + _PIECE]
        half = (draw.real(0.1, 0.3) * side, draw.real(0.1, 0.3) * side)
        start = (draw.real(0, side), draw.real(0, side))
        found.append(Layer(texture=piece, motion=_motion(draw, start, 2.5), half=half, power=2.0 + 4 * draw.whole(2)))
    return found


_PIECE = 48


def _noise(seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(4, 1, 24, 24, generator=generator)
    return [*torch.nn.functional.interpolate(coarse, (128, 128), mode="bilinear", align_corners=False)[:, 0]]
