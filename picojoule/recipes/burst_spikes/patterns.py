"""Figures of how hidden neurons fire: gaps, bursts, rate and regularity."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from picojoule.engines import run
from picojoule.ir import Fire, Network
from picojoule.result import Series
from picojoule.spikes import Raster, patterns

_LONGEST = 40
"""Gaps drawn."""


def firing(network: Network, images: Tensor) -> dict[str, Raster]:
    """Spikes of every hidden layer."""
    layers = [fire.layer for fire in network.all(Fire) if fire.layer != "input"]
    trains = run(network, images, record=layers, count=False).trains
    return {layer: Raster(train.spikes.cpu()) for layer, train in trains.items() if isinstance(train, Raster)}


def figures(network: Network, images: Tensor) -> Iterable[Series]:
    """The histogram of gaps, the places of spikes in bursts, and each layer in the plane of rate and regularity."""
    rasters = list(firing(network, images).values())
    every = sum(patterns.gaps(each) for each in rasters)[1 : _LONGEST + 1]
    yield _shares("gaps between spikes", network, every, "steps", first=1)
    place = sum(patterns.places(each) for each in rasters)
    last = int(place.nonzero().max()) if place.any() else 0
    yield _shares("spikes by their place in a burst", network, place[: last + 1], "spikes before it", first=0)
    found = [each for each in map(patterns.pattern, rasters) if each is not None]
    yield Series(
        name="regularity against rate, a point a layer",
        system=network.name,
        x=tuple(each.log_rate for each in found),
        y=tuple(each.log_regularity for each in found),
        x_unit="log₁₀ of spikes a step",
        y_unit="log₁₀ κ of the gaps",
    )


def _shares(name: str, network: Network, numbers: Tensor, unit: str, *, first: int) -> Series:
    return Series(
        name=name,
        system=network.name,
        x=tuple(range(first, first + len(numbers))),
        y=tuple((numbers.double() / max(1, int(numbers.sum()))).tolist()),
        x_unit=unit,
        y_unit="fraction",
    )
