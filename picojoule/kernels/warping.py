"""A picture moved along a flow: the one bilinear look-up that models, losses and metrics share.

::

    W(I, F)[y, x] = I[y + F_y[y, x], x + F_x[y, x]]        bilinear between pixels; beyond the border, the border
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample


def warp(images: Tensor, flow: Tensor) -> Tensor:
    """Each pixel is looked up where the flow points.

    Args:
        images: ``[b, c, h, w]``.
        flow: where in `images` each pixel comes from, in pixels right and down, ``[b, 2, h, w]``.

    Returns:
        ``[b, c, h, w]``.
    """
    height, width = images.shape[-2:]
    x = torch.arange(width, device=flow.device, dtype=flow.dtype) + flow[:, 0]
    y = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None] + flow[:, 1]
    return sample(images, torch.stack((x, y), -1))


def sample(images: Tensor, places: Tensor) -> Tensor:
    """The pictures at places between their pixels.

    Args:
        images: ``[b, c, h, w]``.
        places: pixels right and down of the middle of the first one, ``[b, ..., 2]`` with two axes between.

    Returns:
        ``[b, c, ...]``.
    """
    height, width = images.shape[-2:]
    size = torch.tensor([width, height], device=places.device, dtype=places.dtype)
    grid = (2 * places + 1) / size - 1  # align_corners=False: the first pixel's middle is half a pixel from the edge
    return grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
