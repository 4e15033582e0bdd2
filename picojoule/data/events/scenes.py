"""Flat layers that move over each other: films with the exact flow between any two of their times.

::

    q = m + e^{s(t)} R(θ(t)) (x − p(t))        where pixel x looks on a layer's texture at time t
    p(t) = p_0 + v t + a sin(2π f t + φ);   θ(t) = θ_0 + ω t;   s(t) = s_0 + σ t

The first layer covers everything; others are ellipses or boxes with soft edges. Time is in windows, places in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.kernels.warping import sample


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """Where a layer is; every pair is right and down.

    Attributes:
        start, velocity, swing: p_0, v, a.
        frequency, phase: f and φ.
        angle, spin: θ_0 and ω.
        scale, zoom: s_0 and σ.
    """

    start: tuple[float, float]
    velocity: tuple[float, float] = (0.0, 0.0)
    swing: tuple[float, float] = (0.0, 0.0)
    frequency: float = 0.0
    phase: float = 0.0
    angle: float = 0.0
    spin: float = 0.0
    scale: float = 0.0
    zoom: float = 0.0

    def at(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """The matrix e^s R ``[n, 2, 2]`` and the place p ``[n, 2]`` at times ``[n]``."""
        size, angle = (self.scale + self.zoom * t).exp(), self.angle + self.spin * t
        cos, sin = size * angle.cos(), size * angle.sin()
        matrix = torch.stack((torch.stack((cos, -sin), -1), torch.stack((sin, cos), -1)), -2)
        wave = (2 * torch.pi * self.frequency * t + self.phase).sin()[:, None]
        start, velocity, swing = (torch.tensor(each, dtype=t.dtype) for each in (self.start, self.velocity, self.swing))
        return matrix, start + velocity * t[:, None] + swing * wave


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """A texture in motion.

    Attributes:
        texture: intensities in [0, 1], ``[h, w]``.
        motion: of its middle m.
        half: half its axes in pixels of the texture; None covers everything.
        power: 2 is an ellipse, more is ever more of a box.
    """

    texture: Tensor
    motion: Motion
    half: tuple[float, float] | None = None
    power: float = 2.0

    @property
    def middle(self) -> Tensor:
        """m, right and down."""
        height, width = self.texture.shape
        return torch.tensor([(width - 1) / 2, (height - 1) / 2])

    def looks(self, places: Tensor, t: Tensor) -> Tensor:
        """q of places ``[n, h, w, 2]`` at times ``[n]``."""
        matrix, place = self.motion.at(t)
        return self.middle + torch.einsum("nij,nhwj->nhwi", matrix, places - place[:, None, None])

    def shows(self, looks: Tensor, t: Tensor) -> Tensor:
        """Where on the sensor q ``[n, h, w, 2]`` is at times ``[n]``: the inverse of `looks`."""
        matrix, place = self.motion.at(t)
        return place[:, None, None] + torch.einsum("nij,nhwj->nhwi", matrix.inverse(), looks - self.middle)

    def cover(self, looks: Tensor) -> Tensor:
        """How far it hides what is behind, ``[n, h, w]`` in [0, 1]."""
        if self.half is None:
            return torch.ones(looks.shape[:-1])
        reach = ((looks - self.middle) / torch.tensor(self.half)).abs().pow(self.power).sum(-1).pow(1 / self.power)
        return ((1 - reach) * min(self.half) + 0.5).clamp(0, 1)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """Layers before each other, the last in front.

    Attributes:
        layers: the first covers everything.
        size: height and width of the sensor.
    """

    layers: tuple[Layer, ...]
    size: tuple[int, int]

    def render(self, times: Sequence[float] | Tensor) -> Tensor:
        """Intensities ``[n, h, w]`` at times in windows ``[n]``."""
        t = torch.as_tensor(times, dtype=torch.float32)
        places = self._places(len(t))
        picture = torch.zeros(places.shape[:-1])
        for layer in self.layers:
            looks = layer.looks(places, t)
            texture = layer.texture.expand(len(t), 1, *layer.texture.shape)
            cover = layer.cover(looks)
            picture = picture + cover * (sample(texture, looks)[:, 0] - picture)
        return picture

    def flow(self, start: Sequence[float] | Tensor, stop: Sequence[float] | Tensor) -> Tensor:
        """Where each pixel of the pictures at `stop` was at `start`, less its place: ``[n, 2, h, w]``.

        Warped by it, the picture at `start` is the one at `stop`, but for what was hidden.
        """
        before, after = (torch.as_tensor(each, dtype=torch.float32) for each in (start, stop))
        places = self._places(len(after))
        flow = torch.zeros_like(places)
        for layer in self.layers:
            looks = layer.looks(places, after)
            moved = layer.shows(looks, before) - places
            flow = torch.where(layer.cover(looks)[..., None] >= 0.5, moved, flow)
        return flow.permute(0, 3, 1, 2)

    def _places(self, n: int) -> Tensor:
        height, width = self.size
        y, x = torch.meshgrid(torch.arange(height).float(), torch.arange(width).float(), indexing="ij")
        return torch.stack((x, y), -1).expand(n, height, width, 2)
