"""A small U-Net that finds the noise in a picture: residual blocks, told how much noise there is.

The form is that of a public teaching example of denoising diffusion, in small: 16×16 grey pictures, two widths.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_FREQUENCIES = 8


@final
class Denoiser(nn.Module):
    """Predicts the noise of pictures ``[batch, 1, side, side]``, `side` a multiple of 4.

    Args:
        widths: channels at full and at half resolution, and below.
        activation: makes the activation of each residual block.
    """

    def __init__(
        self, widths: tuple[int, int, int] = (16, 32, 32), activation: Callable[[], nn.Module] = nn.SiLU
    ) -> None:
        super().__init__()
        outer, middle, inner = widths
        self.first = nn.Conv2d(1, outer, 1)
        self.down1 = _Block(outer + 2 * _FREQUENCIES, outer, activation)
        self.down2 = _Block(outer, middle, activation)
        self.bottom = _Block(middle, inner, activation)
        self.up2 = _Block(inner + middle, middle, activation)
        self.up1 = _Block(middle + outer, outer, activation)
        self.last = nn.Conv2d(outer, 1, 1)
        nn.init.zeros_(self.last.weight)

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """The noise in `x`, of which the variance is `noise`, ``[batch, 1, 1, 1]``."""
        told = _waves(noise).expand(-1, -1, *x.shape[2:])
        one = self.down1(torch.cat([self.first(x), told], 1))
        two = self.down2(F.avg_pool2d(one, 2))
        low = self.bottom(F.avg_pool2d(two, 2))
        two = self.up2(torch.cat([F.interpolate(low, scale_factor=2), two], 1))
        one = self.up1(torch.cat([F.interpolate(two, scale_factor=2), one], 1))
        return self.last(one)


def _waves(noise: Tensor) -> Tensor:
    """Sines and cosines of a variance, of rising frequency, ``[batch, 2·frequencies, 1, 1]``."""
    speeds = 2 * pi * torch.exp(torch.linspace(0.0, log(1000.0), _FREQUENCIES)).to(noise)
    angles = noise * speeds.view(1, -1, 1, 1)
    return torch.cat([angles.sin(), angles.cos()], 1)


@final
class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, activation: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)
        self.norm = nn.BatchNorm2d(inputs, affine=False)
        self.conv1, self.act = nn.Conv2d(inputs, outputs, 3, padding=1), activation()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.skip(x) + self.conv2(self.act(self.conv1(self.norm(x))))
