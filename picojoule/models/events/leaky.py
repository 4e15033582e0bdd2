"""Leaky integration of events at every pixel: no network, nothing learnt.

::

    L ← L·exp(−Δt/τ) + C·(sum of signs);   I = ½ + gain·L, cut to [0, 1]
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn


@final
class LeakyIntegrator(nn.Module):
    """Grids to frames at the ends of windows.

    Args:
        decay: exp(−Δt/τ) of a window.
        gain: C times the slope of intensity against log intensity.
    """

    def __init__(self, decay: float = 0.9, gain: float = 0.1) -> None:
        super().__init__()
        self.decay, self.gain = decay, gain

    def forward(self, voxels: Tensor) -> Tensor:
        """Frames ``[b, windows, h, w]`` of grids ``[b, windows, bins, h, w]``."""
        level, frames = torch.zeros_like(voxels[:, 0, 0]), []
        for each in voxels.sum(2).unbind(1):
            level = level * self.decay + each
            frames.append((0.5 + self.gain * level).clamp(0, 1))
        return torch.stack(frames, 1)
