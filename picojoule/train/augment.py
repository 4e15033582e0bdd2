"""Random changes of training images, each a callable ``augment(images, generator)``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, pad


@final
@dataclass(frozen=True, kw_only=True)
class RandomAffine:
    """Turn, stretch, shear and shift each image by amounts drawn uniformly within ± the limits; zeros come in.

    Attributes:
        degrees: rotation.
        stretch: relative change of width and of height, apart from each other.
        shear: horizontal shift per row.
        pixels: shift along each axis.
    """

    degrees: float = 12.0
    stretch: float = 0.12
    shear: float = 0.15
    pixels: float = 2.0

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Changed images ``[b, c, h, w]`` of images ``[b, c, h, w]``."""
        b, _, h, w = images.shape

        def uniform(limit: float) -> Tensor:
            return limit * (2 * torch.rand(b, generator=generator) - 1)

        angle, shear = uniform(math.radians(self.degrees)), uniform(self.shear)
        x_scale, y_scale = 1 + uniform(self.stretch), 1 + uniform(self.stretch)
        # grid coordinates run from -1 to 1, so one pixel is 2 / side
        x_shift, y_shift = uniform(2 * self.pixels / w), uniform(2 * self.pixels / h)
        cos, sin = angle.cos(), angle.sin()
        rows = (
            torch.stack((x_scale * cos, shear - y_scale * sin * h / w, x_shift), dim=1),
            torch.stack((x_scale * sin * w / h, y_scale * cos, y_shift), dim=1),
        )
        grid = affine_grid(torch.stack(rows, dim=1), [b, 1, h, w], align_corners=False)
        return grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


@final
@dataclass(frozen=True, kw_only=True)
class RandomShift:
    """Shift each sample by whole pixels drawn uniformly within ± `pixels` along both axes; zeros come in.

    All frames of a recording move alike.
    """

    pixels: int = 2

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Shifted samples ``[b, ..., h, w]`` of samples ``[b, ..., h, w]``."""
        h, w = x.shape[-2:]
        by = torch.randint(-self.pixels, self.pixels + 1, (len(x), 2), generator=generator)
        padded = pad(x, (self.pixels,) * 4)
        starts = (self.pixels - by).tolist()
        return torch.stack(
            [each[..., top : top + h, left : left + w] for each, (top, left) in zip(padded, starts, strict=True)]
        )


@final
@dataclass(frozen=True, kw_only=True)
class RandomFlip:
    """Mirror each sample left to right with a probability."""

    probability: float = 0.5

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Samples ``[b, ..., h, w]``, some of them mirrored."""
        mirrored = torch.rand(len(x), generator=generator) < self.probability
        return torch.where(mirrored.reshape(-1, *[1] * (x.dim() - 1)).to(x.device), x.flip(-1), x)


@final
@dataclass(frozen=True, kw_only=True)
class RandomLight:
    """Change each picture's contrast about its mean, its brightness and that of each channel, within [0, 1].

    Attributes:
        contrast: relative change.
        brightness: added to all channels.
        tint: added to each channel.
    """

    contrast: float = 0.3
    brightness: float = 0.15
    tint: float = 0.08

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Changed pictures ``[b, c, h, w]`` of pictures ``[b, c, h, w]``."""
        b, c = images.shape[:2]

        def uniform(limit: float, *shape: int) -> Tensor:
            return limit * (2 * torch.rand(b, *shape, 1, 1, generator=generator) - 1)

        mean = images.mean((1, 2, 3), keepdim=True)
        changed = mean + (images - mean) * (1 + uniform(self.contrast, 1))
        return (changed + uniform(self.brightness, 1) + uniform(self.tint, c)).clamp(0, 1)


@final
@dataclass(frozen=True, kw_only=True)
class RandomCrop:
    """Cut a square of `pixels` out of each sample, anywhere."""

    pixels: int

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Parts ``[b, ..., pixels, pixels]`` of samples ``[b, ..., h, w]``."""
        room = torch.tensor(x.shape[-2:]) - self.pixels + 1
        corners = (torch.rand(len(x), 2, generator=generator) * room).long().tolist()
        parts = (
            each[..., top : top + self.pixels, left : left + self.pixels]
            for each, (top, left) in zip(x, corners, strict=True)
        )
        return torch.stack(tuple(parts))
