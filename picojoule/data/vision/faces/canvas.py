"""A page that shapes are painted on, many pictures at once, with smooth edges from signed distances::

cover = clamp(½ − d/pixel, 0, 1)·α        page ← page + cover·(colour − page)
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor


@final
class Canvas:
    """Pictures ``[n, 3, side, side]`` in the making.

    Args:
        page: what is there already.
        turn, scale, shift_x, shift_y: of the face in the picture, ``[n, 1]``: degrees, share of half the picture that
            a unit of the face has, and shifts in half pictures.

    Attributes:
        x, y: of each pixel in the face's own coordinates, ``[n, pixels]``.
        pixel: length of a pixel in these, ``[n, 1]``.
    """

    def __init__(self, page: Tensor, *, turn: Tensor, scale: Tensor, shift_x: Tensor, shift_y: Tensor) -> None:
        self.side = page.shape[-1]
        self.page = page.flatten(2).clone()
        self._cos, self._sin = turn.deg2rad().cos(), turn.deg2rad().sin()
        self._scale, self._shift_x, self._shift_y = scale, shift_x, shift_y
        middle = (torch.arange(self.side, dtype=torch.float32) + 0.5) * (2 / self.side) - 1
        self.across, self.down = middle.repeat(self.side)[None], middle.repeat_interleave(self.side)[None]
        x, y = self.across - shift_x, self.down - shift_y
        self.x = (self._cos * x + self._sin * y) / scale
        self.y = (self._cos * y - self._sin * x) / scale
        self.pixel = 2 / (self.side * scale)

    def paint(self, distance: Tensor, colour: Tensor | float, strength: Tensor | float = 1.0) -> None:
        """Colour what is nearer than 0.

        Args:
            distance: signed, of each pixel from the edge of a shape, negative inside, ``[n, pixels]``.
            colour: ``[n, 3, 1]``, or a grey.
            strength: α, ``[n, 1]`` or a number.
        """
        cover = ((0.5 - distance / self.pixel).clamp(0, 1) * strength).unsqueeze(1)
        self.page += cover * (colour - self.page)

    def place(self, x: Tensor, y: Tensor) -> Tensor:
        """Where points of the face ``[n, k]`` lie in the picture, ``[n, k, 2]`` in pixels (x, y)."""
        across = self._scale * (self._cos * x - self._sin * y) + self._shift_x
        down = self._scale * (self._sin * x + self._cos * y) + self._shift_y
        return (torch.stack((across, down), 2) + 1) * (self.side / 2)

    def picture(self) -> Tensor:
        """The page as pictures."""
        return self.page.unflatten(2, (self.side, self.side))


def ellipse(x: Tensor, y: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """Distance from an ellipse around (0, 0), to first order."""
    norm = ((x / across) ** 2 + (y / down) ** 2).sqrt()
    slope = ((x / across**2) ** 2 + (y / down**2) ** 2).sqrt().clamp_min(1e-6)
    return (norm - 1) * norm / slope


def between(y: Tensor, upper: Tensor, lower: Tensor, t: Tensor, length: Tensor) -> Tensor:
    """Distance from what lies below one curve and above another where |t| < 1; `length` is that of a unit of t."""
    return torch.maximum(torch.maximum(upper - y, y - lower), (t.abs() - 1) * length)


def stroke(x: Tensor, y: Tensor, start: tuple[Tensor, Tensor], end: tuple[Tensor, Tensor], width: Tensor) -> Tensor:
    """Distance from a straight line of half a width `width`, round at its ends."""
    (x0, y0), (x1, y1) = start, end
    across, down = x1 - x0, y1 - y0
    t = (((x - x0) * across + (y - y0) * down) / (across**2 + down**2).clamp_min(1e-9)).clamp(0, 1)
    return ((x - x0 - t * across) ** 2 + (y - y0 - t * down) ** 2).sqrt() - width
