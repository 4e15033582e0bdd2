"""What is compared: the scales, the neuron, the reading of the output; and how much of it a mode runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, final

import torch

from picojoule.codes import Code, Rate
from picojoule.conversion import convert
from picojoule.engines.decoding import counted, settled
from picojoule.ir import Fire, Network

Neuron = Literal["relu", "signed", "weighted"]
DECODERS = ("membrane", "settled", "count")
"""Readings of the output: V(T)/T; without the first quarter of the steps; spikes of a last layer that fires."""
PERCENTILE = 99.9
"""Of a channel's activations, as the paper has it (from memory)."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """A way to convert a detector.

    Attributes:
        norm: scales per channel or per layer.
        neuron: ``relu``: no spikes below zero; ``signed``: with an imbalanced threshold; ``weighted``: such spikes are
            worth α.
    """

    norm: Literal["channel", "layer"]
    neuron: Neuron

    def name(self, steps: int) -> str:
        """In tables."""
        return f"rate T={steps} {self.neuron} {self.norm}"

    def network(
        self, model: torch.nn.Module, calibration: torch.Tensor, steps: int, *, weight_bits: int = 32, **options: Any
    ) -> Network:
        """The model's spiking network; pixels are a current into its first layer. Options are those of `convert`."""
        code = Rate(steps=steps, initial=0.0, weighted=self.neuron == "weighted")
        made = spiking(model, calibration, code, norm=self.norm, weight_bits=weight_bits, **options)
        made = _without_negative(made) if self.neuron == "relu" else made
        stored = f" int{weight_bits}" if weight_bits < 32 else ""
        return made.evolve(made.nodes, name=self.name(steps) + stored)


CHANNEL, LAYER = (System(norm=norm, neuron="signed") for norm in ("channel", "layer"))
RECTIFIED = System(norm="channel", neuron="relu")
SYSTEMS = tuple(System(norm=norm, neuron=neuron) for neuron in ("signed", "weighted", "relu")
                for norm in ("channel", "layer"))  # fmt: skip


def spiking(
    model: torch.nn.Module, calibration: torch.Tensor, code: Code | Mapping[str, Code], **options: Any
) -> Network:
    """A converted detector, its input analogue; options are those of :func:`picojoule.convert`."""
    return convert(model, calibration, code=code, input="analogue", **{"percentile": PERCENTILE, **options})


def _without_negative(network: Network) -> Network:
    """The same weights and scales under neurons that stay silent below zero."""
    return network.evolve([
        replace(node, code=replace(node.code, slope=0.0)) if isinstance(node, Fire) else node for node in network.nodes
    ])  # fmt: skip


def read(
    decoder: str, network: Network, path: torch.Tensor, scale: torch.Tensor, grid: tuple[int, ...]
) -> dict[int, torch.Tensor]:
    """The output at each number of steps of the grid, by one decoder.

    Args:
        decoder: of :data:`DECODERS`.
        network: of the trajectory.
        path: its trajectory ``[T, b, ...]``.
        scale: the largest outputs, for the decoder that counts spikes.
        grid: numbers of steps.

    Returns:
        Outputs ``[b, ...]`` by number of steps.
    """
    if decoder == "count":
        spikes = counted(network, path, scale)
        return {steps: spikes[steps - 1] for steps in grid}
    discard = {"membrane": 0, "settled": 4}[decoder]
    return {steps: settled(network, path[:steps], steps // discard if discard else 0) for steps in grid}


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How much a mode runs.

    Attributes:
        pixels: side of a picture that is not of the embedded set.
        grid: numbers of steps at which the output is read; the last is T.
        scenes: test pictures, at most.
        calibration: training pictures that set the scales.
        trials: of the search for two-phase thresholds.
        tuned: pictures and steps of a trial.
        epochs: of the training on data that was given.
    """

    pixels: tuple[int, int]
    grid: tuple[int, ...]
    scenes: int
    calibration: int
    trials: int
    tuned: tuple[int, int]
    epochs: int


SIZES = {
    "smoke": Size(pixels=(64, 64), grid=(2, 4), scenes=2, calibration=4, trials=1, tuned=(1, 4), epochs=1),
    "quick": Size(pixels=(96, 128), grid=(4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128), scenes=60, calibration=200,
                  trials=24, tuned=(16, 32), epochs=60),
    "full": Size(pixels=(416, 416), grid=(16, 32, 64, 128, 256, 512, 1000, 2000, 3500, 5000, 8000), scenes=5000,
                 calibration=200, trials=50, tuned=(100, 1000), epochs=160),
}  # fmt: skip
