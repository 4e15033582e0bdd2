"""What a requested frame costs: arithmetic, weights and time, on a whole sensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import final

import torch
from torch import Tensor, nn

from picojoule.cost import Counts, LayerCounts
from picojoule.cost.counts import COUNTED
from picojoule.data.events.films import Films
from picojoule.measurement.clock import seconds_of
from picojoule.measurement.modules import count_module
from picojoule.models.events import LeakyIntegrator
from picojoule.recipes.e2v_sde.systems import END, TIMES, Call, System, sensor_grids

_WINDOWS = 2
"""Windows of a counted call: the first one begins, and the second is like all others."""


@final
class Costs:
    """Costs of networks, each counted and timed once a way of calling it.

    Args:
        models: by the name of their arm.
        films: whose events are laid out on the sensor.
        sensor: its height and width.
    """

    def __init__(self, models: Mapping[str, nn.Module], films: Films, sensor: tuple[int, int]) -> None:
        self.models, self.films, self.sensor = models, films, sensor
        self._seconds: dict[tuple[str, tuple[float, ...]], float] = {}
        self._counts: dict[tuple[str, tuple[float, ...], bool], Counts] = {}

    @cached_property
    def grids(self) -> Tensor:
        """Two windows of a whole sensor."""
        return sensor_grids(self.films, _WINDOWS, self.sensor)

    def frame(self, system: System) -> Counts:
        """Counts of one requested frame, the mean over those of a window."""
        times = TIMES if system.frames > 1 and system.passes == 1 else END
        busy = self._window(system.arm, times, rests=False)
        if system.fewest:
            rest = float((self.films.events < system.fewest).double().mean())
            idle = self._window(system.arm, times, rests=True)
            busy = _mixed(busy, idle, rest)
        return _times(busy, system.samples * system.passes / system.frames)

    def seconds(self, system: System) -> float:
        """Of one requested frame, on this machine."""
        times = TIMES if system.frames > 1 and system.passes == 1 else END
        return self.window_seconds(system.arm, times) * system.samples * system.passes / system.frames

    @torch.no_grad()
    def window_seconds(self, arm: str, times: tuple[float, ...] = END) -> float:
        """Of one window with frames at `times`."""
        if (arm, times) not in self._seconds:
            self._seconds[arm, times] = seconds_of(Call(self.models[arm], times), self.grids) / _WINDOWS
        return self._seconds[arm, times]

    def window_macs(self, arm: str, times: tuple[float, ...] = END) -> float:
        """MACs of a window with frames at `times`."""
        return self._window(arm, times, rests=False).per_sample("macs")

    def _window(self, arm: str, times: tuple[float, ...], *, rests: bool) -> Counts:
        """Counts of the second window: those of two, less those of one."""
        key = (arm, times, rests)
        if key not in self._counts:
            model = self.models[arm]
            if isinstance(model, LeakyIntegrator):
                self._counts[key] = _leaky(self.grids)
            else:
                call = Call(model, times, rests=rests)
                both, one = (count_module(call, self.grids[:, :n]) for n in (_WINDOWS, _WINDOWS - 1))
                self._counts[key] = _less(both, one)
        return self._counts[key]


def _leaky(grids: Tensor) -> Counts:
    """A decay and a gain at every pixel, and the sum of its events."""
    pixels, events = grids.shape[-1] * grids.shape[-2], int(grids[0, -1].abs().sum())
    layer = LayerCounts(
        name="pixels", weights=2, inputs=pixels, outputs=pixels, macs=2 * pixels, effective_macs=2 * pixels,
        bias_adds=events,
    )  # fmt: skip
    return Counts(samples=1, steps=None, layers=(layer,))


def _less(whole: Counts, part: Counts) -> Counts:
    """What a call did beyond a shorter one. Layers that the shorter one does not have are taken whole."""
    known = {layer.name: layer for layer in part.layers}
    return replace(whole, layers=tuple(_difference(each, known.get(each.name)) for each in whole.layers))


def _difference(layer: LayerCounts, other: LayerCounts | None) -> LayerCounts:
    if other is None:
        return layer
    fields = (*COUNTED, "inputs", "outputs")
    return replace(layer, **{name: getattr(layer, name) - getattr(other, name) for name in fields})


def _times(counts: Counts, factor: float) -> Counts:
    """The counts of so much of a window; weights move once."""
    fields = (*COUNTED, "inputs", "outputs")
    scaled = (replace(each, **{name: round(getattr(each, name) * factor) for name in fields}) for each in counts.layers)
    return replace(counts, layers=tuple(scaled))


def _mixed(busy: Counts, idle: Counts, rest: float) -> Counts:
    """The mean window where a share of them rests."""
    known = {layer.name: layer for layer in _times(idle, rest).layers}
    fields = (*COUNTED, "inputs", "outputs")
    layers = [
        replace(each, **{n: getattr(each, n) + getattr(known[each.name], n) for n in fields})
        if each.name in known
        else each
        for each in _times(busy, 1 - rest).layers
    ]
    return replace(busy, layers=tuple(layers))
