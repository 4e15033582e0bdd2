"""Three forms of the same spikes. A conversion is exact or it is an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import InputError


@final
@dataclass(frozen=True, slots=True)
class Raster:
    """Every step of every unit.

    Attributes:
        spikes: bool ``[steps, ...]``.
    """

    spikes: Tensor

    @property
    def steps(self) -> int:
        """Length of the window in steps."""
        return self.spikes.shape[0]

    def times(self) -> Times:
        """First-spike times.

        Raises:
            InputError: a unit fired twice, so times alone would lose spikes.
        """
        if bool((self.spikes.sum(0) > 1).any()):
            raise InputError(
                "a unit fired more than once", where="Raster.times", remedy="use events(), which loses nothing"
            )
        return self.first_times()

    def first_times(self) -> Times:
        """The first spike of every unit, whatever follows it."""
        fired = self.spikes.any(0)
        return Times(torch.where(fired, self.spikes.int().argmax(0), self.steps), steps=self.steps)

    def events(self) -> Events:
        """The spikes as a list sorted by time, then unit."""
        t, unit = self.spikes.flatten(1).nonzero(as_tuple=True)
        return Events(t, unit, shape=tuple(self.spikes.shape[1:]), steps=self.steps)


@final
@dataclass(frozen=True, slots=True)
class Times:
    """The single spike of every unit.

    Attributes:
        first: int64 ``[...]``, 0 … steps−1, or ``steps`` where the unit is silent.
        steps: length of the window.
    """

    first: Tensor
    steps: int

    def raster(self, echoes: int = 0) -> Raster:
        """Every step of every unit; `echoes` more spikes follow each, a step apart, as far as the window reaches."""
        clock = torch.arange(self.steps, device=self.first.device).view(-1, *[1] * self.first.dim())
        return Raster((self.first <= clock) & (clock <= self.first + echoes))

    def events(self) -> Events:
        """The spikes as a list sorted by time, then unit."""
        flat = self.first.flatten()
        unit = (flat < self.steps).nonzero().squeeze(1)
        order = torch.argsort(flat[unit], stable=True)
        return Events(flat[unit][order], unit[order], shape=tuple(self.first.shape), steps=self.steps)


@final
@dataclass(frozen=True, slots=True)
class Events:
    """Spikes as a list.

    Attributes:
        t: int64 ``[n]``, ascending.
        unit: int64 ``[n]``, index into the flattened units.
        shape: shape of the units.
        steps: length of the window.
    """

    t: Tensor
    unit: Tensor
    shape: tuple[int, ...]
    steps: int

    def raster(self) -> Raster:
        """Every step of every unit."""
        units = int(torch.tensor(self.shape).prod()) if self.shape else 1
        spikes = torch.zeros(self.steps, units, dtype=torch.bool, device=self.t.device)
        spikes[self.t, self.unit] = True
        return Raster(spikes.view(self.steps, *self.shape))

    def times(self) -> Times:
        """First-spike times; an error where a unit fired twice."""
        return self.raster().times()
