"""Random changes of training images, each a callable ``augment(images, generator)``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, conv2d, grid_sample, pad


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
class RandomPiece:
    """Cut a piece out of each picture and bring it to the picture's size.

    The piece's area is a share drawn uniformly; its width over its height is drawn uniformly in the logarithm.

    Attributes:
        area: least and largest share.
        aspect: least and largest width over height.
    """

    area: tuple[float, float] = (0.08, 1.0)
    aspect: tuple[float, float] = (3 / 4, 4 / 3)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Pieces ``[b, c, h, w]`` of pictures ``[b, c, h, w]``."""
        b = len(images)
        low, high = self.area
        share = low + (high - low) * torch.rand(b, generator=generator)
        low, high = (math.log(each) for each in self.aspect)
        aspect = (low + (high - low) * torch.rand(b, generator=generator)).exp()
        wide, tall = (share * aspect).sqrt().clamp(max=1), (share / aspect).sqrt().clamp(max=1)
        x, y = ((1 - side) * (2 * torch.rand(b, generator=generator) - 1) for side in (wide, tall))
        zero = torch.zeros(b)
        rows = torch.stack((torch.stack((wide, zero, x), 1), torch.stack((zero, tall, y), 1)), 1)
        grid = affine_grid(rows.to(images), list(images.shape), align_corners=False)
        return grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


@final
@dataclass(frozen=True, kw_only=True)
class RandomColour:
    """Change brightness, contrast, saturation and hue, and make some pictures grey; all within [0, 1].

    ::

        x ← f·x    x ← x̄ + f·(x − x̄)    x ← grey + f·(x − grey)    f = 1 ± the limit, x̄ the mean of the grey picture

    Hue is turned in the plane of the colour differences of YIQ.

    Attributes:
        brightness, contrast, saturation: limits of 1 − f.
        hue: limit of the turn, in full turns.
        probability: of a change at all.
        grey: probability of a grey picture.
    """

    brightness: float = 0.8
    contrast: float = 0.8
    saturation: float = 0.8
    hue: float = 0.2
    probability: float = 0.8
    grey: float = 0.2

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Changed pictures ``[b, 3, h, w]`` of pictures ``[b, 3, h, w]``."""
        drawn = torch.rand(6, len(images), 1, 1, 1, generator=generator).to(images)
        weights = torch.tensor(_GREY).to(images).view(1, 3, 1, 1)
        limits = (self.brightness, self.contrast, self.saturation)
        light, contrast, saturation = (1 + limit * (2 * u - 1) for limit, u in zip(limits, drawn[:3], strict=True))
        x = images * light
        mean = (x * weights).sum(1, keepdim=True).mean((2, 3), keepdim=True)
        x = mean + contrast * (x - mean)
        grey = (x * weights).sum(1, keepdim=True)
        x = self._turned(grey + saturation * (x - grey), drawn[3]).clamp(0, 1)
        x = torch.where(drawn[4] < self.probability, x, images)
        return torch.where(drawn[5] < self.grey, (x * weights).sum(1, keepdim=True), x)

    def _turned(self, x: Tensor, drawn: Tensor) -> Tensor:
        if not self.hue:
            return x
        to = torch.tensor((_GREY, (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))).to(x)
        angle = 2 * math.pi * self.hue * (2 * drawn.flatten() - 1)
        zero, one = torch.zeros_like(angle), torch.ones_like(angle)
        rows = ((one, zero, zero), (zero, angle.cos(), -angle.sin()), (zero, angle.sin(), angle.cos()))
        turn = torch.linalg.inv(to) @ torch.stack([torch.stack(row, 1) for row in rows], 1) @ to
        return torch.einsum("bij,bjhw->bihw", turn, x)


_GREY = (0.299, 0.587, 0.114)


@final
@dataclass(frozen=True, kw_only=True)
class RandomBlur:
    """Blur each picture by a Gaussian with a standard deviation drawn uniformly.

    Attributes:
        share: length of the kernel over the picture's side.
        least, most: standard deviation in pixels.
        probability: of a blur.
    """

    share: float = 0.1
    least: float = 0.1
    most: float = 2.0
    probability: float = 1.0

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Blurred pictures ``[b, c, h, w]`` of pictures ``[b, c, h, w]``."""
        b, c, h, w = images.shape
        drawn = torch.rand(2, b, 1, generator=generator)
        reach = max(1, int(self.share * min(h, w)) // 2)
        deviation = self.least + (self.most - self.least) * drawn[0]
        kernel = (-0.5 * (torch.arange(-reach, reach + 1) / deviation) ** 2).exp()
        kernel = (kernel / kernel.sum(1, keepdim=True)).to(images).repeat_interleave(c, 0)
        x = pad(images, (reach,) * 4, mode="reflect").reshape(1, b * c, h + 2 * reach, w + 2 * reach)
        x = conv2d(x, kernel[:, None, None, :], groups=b * c)
        x = conv2d(x, kernel[:, None, :, None], groups=b * c).view(b, c, h, w)
        return torch.where(drawn[1].view(-1, 1, 1, 1).to(images) < self.probability, x, images)


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
