"""Curves and clouds a report draws: accuracy against steps, a raster, first-spike times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from picojoule.engines import run
from picojoule.ir import Fire, Network
from picojoule.result import HIGHEST, LOWEST, Series
from picojoule.spikes import Times

_RASTER_NEURONS = 40


def accuracy_against_steps(network: Network, images: Tensor, labels: Tensor) -> Series:
    """Accuracy of the output as it stands after every step.

    Args:
        network: a spiking network.
        images, labels: ``[batch, ...]`` and ``[batch]``.
    """
    done = run(network, images, trajectory=True, count=False)
    assert done.trajectory is not None
    hits = (done.trajectory.argmax(2) == labels).double().mean(1)
    steps = range(1, len(hits) + 1)
    return Series(
        name="accuracy against steps",
        system=network.name,
        x=tuple(steps),
        y=tuple(hits.tolist()),
        x_unit="steps",
        y_unit="fraction",
    )


def band(
    name: str, system: str, points: Sequence[tuple[float, float, float, float]], x_unit: str, y_unit: str
) -> Iterator[Series]:
    """A line and the edges of the band around it.

    Args:
        name, system, x_unit, y_unit: of the line.
        points: x, y, and the lowest and the highest y.
    """
    x, *lines = zip(*points, strict=True)
    for ending, y in zip(("", LOWEST, HIGHEST), lines, strict=True):
        yield Series(name=name + ending, system=system, x=x, y=y, x_unit=x_unit, y_unit=y_unit)


def raster(network: Network, image: Tensor, layer: str, seed: int = 0) -> Series:
    """Spikes of a few neurons of a layer that fire at all, for one image.

    Args:
        network: a spiking network.
        image: one sample as a batch of one.
        layer: which layer.
        seed: chooses the neurons.
    """
    events = run(network, image, record=(layer,), count=False).trains[layer].events()
    firing = events.unit.unique()
    order = torch.randperm(len(firing), generator=torch.Generator().manual_seed(seed))
    chosen = firing[order[:_RASTER_NEURONS]].sort().values
    keep = torch.isin(events.unit, chosen)
    rows = torch.searchsorted(chosen, events.unit[keep])
    return Series(
        name=f"raster {layer}",
        system=network.name,
        x=tuple(events.t[keep].tolist()),
        y=tuple(rows.tolist()),
        x_unit="steps",
        y_unit="neuron",
    )


def middle_layer(network: Network) -> str:
    """The firing layer halfway through the network, the input not counted."""
    layers = [fire.layer for fire in network.all(Fire) if fire.layer != "input"]
    return layers[len(layers) // 2]


def first_spike_times(network: Network, images: Tensor) -> list[Series]:
    """Histograms of the first-spike times of every hidden layer.

    Args:
        network: a network whose neurons fire once.
        images: ``[batch, ...]``.
    """
    layers = [fire.layer for fire in network.all(Fire) if fire.layer != "input"]
    trains = run(network, images, record=layers, count=False).trains
    found = []
    for layer in layers:
        train = trains[layer]
        times = train if isinstance(train, Times) else train.first_times()
        histogram = torch.bincount(times.first.flatten(), minlength=times.steps + 1)[: times.steps]
        found.append(
            Series(
                name=f"first spike times {layer}",
                system=network.name,
                x=tuple(range(times.steps)),
                y=tuple((histogram / len(images)).tolist()),
                x_unit="steps",
                y_unit="spikes",
            )
        )
    return found
