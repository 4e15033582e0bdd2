"""What is behind creatures and cut-outs: smooth noise, and strokes in the colours of their parts."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from picojoule.data.vision.fine_grained.shapes import capsule, cover, painted

COLOURS = ((0.86, 0.16, 0.14), (0.96, 0.80, 0.12), (0.16, 0.36, 0.88), (0.94, 0.94, 0.94))
"""Of species, and of whatever does not matter."""
NAMES = ("red", "yellow", "blue", "white")
"""Of the colours."""


def ground(noise: Tensor, side: int) -> Tensor:
    """Pages ``[n, 3, side, side]`` of smooth noise of two scales, in greens and browns that no part has.

    Args:
        noise: uniform in [0, 1), ``[n, 240]``.
        side: of a page, in pixels.
    """
    coarse, fine = noise[:, :48].view(-1, 3, 4, 4), noise[:, 48:].view(-1, 3, 8, 8)
    large, small = (interpolate(each, (side, side), mode="bicubic", align_corners=False) for each in (coarse, fine))
    tone = torch.tensor([0.36, 0.42, 0.28])[:, None, None]
    light = (0.4 * (large - 0.5) + 0.25 * (small - 0.5)).mean(1, keepdim=True) * 1.7
    return (tone + light + 0.12 * (large - 0.5) + 0.08 * (small - 0.5)).clamp(0, 1)


def blotted(page: Tensor, blots: Tensor) -> Tensor:
    """The pages with a stroke for each of the blots ``[n, blots, 8]``, uniform in [0, 1); some stay away."""
    side = page.shape[-1]
    points = pixels(side).expand(len(page), -1, -1, -1) / side
    scale = torch.full((len(page),), float(side))
    for blot in blots.unbind(1):
        start, turn, length = blot[:, :2], blot[:, 2] * 6.2832, 0.02 + 0.14 * blot[:, 3]
        end = start + length[:, None] * torch.stack((turn.cos(), turn.sin()), dim=1)
        width = (0.008 + 0.035 * blot[:, 4].square())[:, None].expand(-1, 2)
        ink = cover(capsule(points, start, end, width), scale) * (blot[:, 6] < 0.7)[:, None, None]
        page = painted(page, ink, coloured((blot[:, 5] * len(COLOURS)).long(), blot[:, 7]))
    return page


def pixels(side: int) -> Tensor:
    """Centres of pixels (x, y), ``[side, side, 2]``."""
    axis = torch.arange(side) + 0.5
    return torch.stack((axis.expand(side, side), axis[:, None].expand(side, side)), dim=-1)


def coloured(which: Tensor, shade: Tensor) -> Tensor:
    """Colours ``[n, 3]`` a little lighter or darker."""
    return (torch.tensor(COLOURS)[which] * (0.85 + 0.3 * shade[:, None])).clamp(0, 1)
