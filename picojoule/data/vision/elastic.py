"""More images from images: elastic distortion, as a hand that writes the same digit again."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import conv2d, grid_sample

from picojoule.base.errors import InputError
from picojoule.data.vision.images import Images

_CHUNK = 2000


def amplify(images: Images, times: int, *, seed: int, pixels: float = 1.0, sigma: float = 4.0) -> Images:
    """The images and `times` − 1 distorted copies of all, in a shuffled order.

    Each pixel moves by a random field: uniform noise, smoothed by a Gaussian of σ pixels and scaled to a root mean
    square of `pixels` in each direction.

    Args:
        images: ``[n, c, h, w]``.
        times: how many times as many images there will be.
        seed: of the fields and the order.
        pixels, sigma: strength and smoothness, in pixels.

    Raises:
        InputError: `times` is below 1.
    """
    if times < 1:
        raise InputError(f"{times} times as many images", where="elastic distortion", remedy="give 1 or more")
    generator = torch.Generator().manual_seed(seed)
    x, number = images.images, len(images)
    more = x.new_empty(times * number, *x.shape[1:])
    more[:number] = x
    for first in range(0, (times - 1) * number, number):
        for part in range(0, number, _CHUNK):
            piece = x[part : part + _CHUNK]
            begin = number + first + part
            more[begin : begin + len(piece)] = _distorted(piece, generator, pixels, sigma)
    order = torch.randperm(times * number, generator=generator)
    return Images(images=more[order], labels=images.labels.repeat(times)[order])


def _distorted(x: Tensor, generator: torch.Generator, pixels: float, sigma: float) -> Tensor:
    b, _, h, w = x.shape
    field = 2 * torch.rand(2 * b, 1, h, w, generator=generator) - 1
    reach = math.ceil(2 * sigma)
    line = torch.exp(-(torch.arange(-reach, reach + 1.0) ** 2) / (2 * sigma**2))
    line /= line.sum()
    upright = conv2d(field, line.view(1, 1, -1, 1), padding=(reach, 0))
    smooth = conv2d(upright, line.view(1, 1, 1, -1), padding=(0, reach))
    smooth = smooth / smooth.square().mean().sqrt() * pixels
    move = smooth.view(b, 2, h, w).permute(0, 2, 3, 1) * torch.tensor([2 / w, 2 / h])
    y, x_axis = (torch.arange(n, dtype=x.dtype).mul(2).add(1).div(n).sub(1) for n in (h, w))
    grid = torch.stack((x_axis.expand(h, w), y[:, None].expand(h, w)), dim=-1)
    return grid_sample(x, grid + move, mode="bilinear", padding_mode="zeros", align_corners=False)
