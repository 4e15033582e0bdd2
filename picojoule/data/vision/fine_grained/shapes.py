"""Soft-edged shapes on a grid of pixels, many pictures at once: ellipses, and capsules that taper."""

from __future__ import annotations

import torch
from torch import Tensor

_SMALL = 1e-6


def ellipse(points: Tensor, centre: Tensor, radii: Tensor, tilt: Tensor) -> Tensor:
    """Signed distance ``[n, h, w]`` from ellipses, below 0 inside: (k − 1)·k / ‖∇k²/2‖ with k = ‖(x/rx, y/ry)‖.

    Args:
        points: ``[n, h, w, 2]``.
        centre, radii: ``[n, 2]``.
        tilt: ``[n]``, radians.
    """
    x, y = (points - centre[:, None, None]).unbind(-1)
    cos, sin = (f(tilt)[:, None, None] for f in (torch.cos, torch.sin))
    along, across = x * cos + y * sin, y * cos - x * sin
    rx, ry = (radii[:, axis, None, None] for axis in (0, 1))
    k = torch.hypot(along / rx, across / ry)
    slope = torch.hypot(along / rx.square(), across / ry.square()).clamp(min=_SMALL)
    return (k - 1) * k / slope


def capsule(points: Tensor, start: Tensor, end: Tensor, radii: Tensor) -> Tensor:
    """Signed distance ``[n, h, w]`` from strokes whose radius goes evenly from ``radii[:, 0]`` to ``radii[:, 1]``.

    Args:
        points: ``[n, h, w, 2]``.
        start, end, radii: ``[n, 2]``.
    """
    along, reach = (end - start)[:, None, None], points - start[:, None, None]
    t = ((reach * along).sum(-1) / along.square().sum(-1).clamp(min=_SMALL)).clamp(0, 1)
    radius = radii[:, 0, None, None] + t * (radii[:, 1] - radii[:, 0])[:, None, None]
    return (reach - t[..., None] * along).norm(dim=-1) - radius


def cover(distance: Tensor, pixels: Tensor) -> Tensor:
    """How much of each pixel a shape covers, from its signed distance in units of `pixels` ``[n]`` pixels each."""
    return (0.5 - distance * pixels[:, None, None]).clamp(0, 1)


def painted(page: Tensor, ink: Tensor, colour: Tensor) -> Tensor:
    """The pages ``[n, 3, h, w]`` with `colour` ``[n, 3]`` where there is `ink` ``[n, h, w]``."""
    return page + ink[:, None] * (colour[:, :, None, None] - page)


def boxes_of(ink: Tensor) -> Tensor:
    """Left, top, right, bottom ``[n, 4]`` in pixels of what is at least half covered; NaN where nothing is."""
    seen = ink >= 0.5
    sides = []
    for axis in (1, 2):
        line = seen.any(axis)
        first = line.float().argmax(1)
        last = line.shape[1] - line.flip(1).float().argmax(1)
        sides.append((first, last))
    (left, right), (top, bottom) = sides
    found = torch.stack((left, top, right, bottom), dim=1).float()
    return torch.where(seen.flatten(1).any(1)[:, None], found, torch.nan)
