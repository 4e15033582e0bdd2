"""An event camera that watches pictures: ESIM's rule of crossings (cite key ``rebecq2018``), and grids without events.

::

    L = log(ε + I),  I in [0, 1]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.data.events.events import Events, events
from picojoule.kernels.crossings import crossings, crossings_reference


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class EventCamera:
    """A sensor.

    Attributes:
        brighter, darker: C⁺ and C⁻, in log intensity.
        wander: σ_C, the deviation of C, drawn for each pixel and sample; C is then 0.01 at least.
        refractory_us: no pixel fires again sooner.
        dark: ε.
        compiled: False runs the plain reference of the kernel.

    Raises:
        InputError: a threshold or ε that is not positive, or a negative time.
    """

    brighter: float = 0.3
    darker: float = 0.3
    wander: float = 0.0
    refractory_us: float = 0.0
    dark: float = 1e-3
    compiled: bool = True

    def __post_init__(self) -> None:
        if not (min(self.brighter, self.darker, self.dark) > 0 and min(self.wander, self.refractory_us) >= 0):
            remedy = "give positive thresholds and ε, and no negative wander or refractory time"
            raise InputError(f"{self}", where="EventCamera", remedy=remedy)

    def log(self, frames: Tensor) -> Tensor:
        """L of intensities in [0, 1], float64."""
        return (self.dark + frames.double()).log()

    def record(self, frames: Tensor, times_us: Tensor, *, seed: int = 0) -> Events:
        """The events of a film.

        Args:
            frames: intensities in [0, 1], ``[samples, h, w]``.
            times_us: when, in microseconds, ``[samples]``, rising.
            seed: of the wandering thresholds.

        Raises:
            InputError: times that do not fit.
        """
        _check(frames, times_us)
        levels = self.log(frames).flatten(1)
        run = crossings if self.compiled else crossings_reference
        found = run(
            levels, times_us.double(), (self.brighter, self.darker), self.refractory_us, self._noise(levels, seed)
        )
        pixel, polarity, time = found
        height, width = frames.shape[-2:]
        return events(pixel % width, pixel // width, polarity, time, (height, width))

    def voxels(self, frames: Tensor, times_us: Tensor, bins: int = 5) -> Tensor:
        """A voxel grid of a film without its events: between two samples a pixel's crossings are all in the middle.

        Cheaper, and without a refractory time (cite key ``v2v2025``, of which only the idea is used).

        Args:
            frames, times_us: of one window, as for `record`.
            bins: of the grid, which spans the window.

        Returns:
            float32 ``[bins, h, w]``.
        """
        _check(frames, times_us)
        levels, times = self.log(frames), times_us.double()
        ref, grid = levels[0], torch.zeros(bins, *frames.shape[1:])
        at = ((times[1:] + times[:-1]) / 2 - times[0]) / (times[-1] - times[0]) * (bins - 1)
        for level, t in zip(levels[1:], at.tolist(), strict=True):
            apart = level - ref
            number = torch.where(apart > 0, (apart / self.brighter).floor(), -(-apart / self.darker).floor())
            ref = ref + number * torch.where(number > 0, self.brighter, self.darker)
            low = min(int(t), bins - 2)
            grid[low] += ((1 - (t - low)) * number).float()
            grid[low + 1] += ((t - low) * number).float()
        return grid

    def _noise(self, levels: Tensor, seed: int) -> Tensor | None:
        if not self.wander:
            return None
        generator = torch.Generator().manual_seed(seed)
        shape = (len(levels) - 1, levels.shape[1])
        return self.wander * torch.randn(shape, generator=generator, dtype=torch.float64)


def _check(frames: Tensor, times_us: Tensor) -> None:
    if frames.dim() != 3 or len(frames) < 2 or len(times_us) != len(frames) or not (times_us.diff() > 0).all():
        what = f"a film {list(frames.shape)} and {len(times_us)} times"
        raise InputError(
            what, where="EventCamera", remedy="give [samples, h, w], two or more, and a rising time of each"
        )
