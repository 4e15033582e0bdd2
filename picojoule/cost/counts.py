"""What a modelled system does, as integers. Counts belong to the modelled hardware: every engine gives the same.

Definitions, per layer:

``spikes``         events its neurons emit
``synops``         events it receives × their true fan-out into it
``macs``           multiply-accumulates of dense arithmetic on analogue values, as 2·MACs = torch's flop counter
``effective_macs`` of these, the ones whose activation is not zero: what an accelerator that skips zeros does
``bias_adds``      additions of biases and of held analogue currents to membranes or outputs, and of analogue branches
``state_updates``  (neuron, step) pairs at which a neuron that may still fire compares its membrane with every threshold
                   it has, and brings a second state up to date
``compares``       comparisons of maximum pools: of analogue values, or one for each event that enters
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import final

COUNTED = ("spikes", "events_in", "synops", "macs", "effective_macs", "bias_adds", "state_updates", "compares")
"""The fields of a layer that add up over samples."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class LayerCounts:
    """Counts of one layer, summed over ``Counts.samples`` samples, and the facts that turn them into bytes.

    Attributes:
        name: the layer.
        payload: what a synop does: add (``binary``), shift and add (``power_of_two``), multiply and add (``real``).
        weight_bits, value_bits: width in which weights and activations are stored.
        weights, inputs, outputs: parameters, and values of one sample it reads and writes (facts, not sums).
        weight_moves: how often a sample moves each weight through memory if nothing is moved twice for one purpose;
            once in inference, more in training.
        neurons: membranes (0 in a layer without).
        thresholds: that each compares with at an update: 2 of one that also fires below zero.
        states: values each keeps: 2 of one with a significance or a number of spikes to take back, else the membrane.
        events_in: events it receives; the other counts are defined at the top of this file.
    """

    name: str
    payload: str = "binary"
    weight_bits: int = 32
    value_bits: int = 32
    weights: int = 0
    weight_moves: int = 1
    inputs: int = 0
    outputs: int = 0
    neurons: int = 0
    thresholds: int = 1
    states: int = 1
    spikes: int = 0
    events_in: int = 0
    synops: int = 0
    macs: int = 0
    effective_macs: int = 0
    bias_adds: int = 0
    state_updates: int = 0
    compares: int = 0

    @property
    def second_updates(self) -> int:
        """Comparisons with a second threshold and updates of a second state."""
        return self.state_updates * (self.thresholds - 1 + self.states - 1)

    @property
    def stored_bits(self) -> int:
        """Size of the memory that holds its weights, and its neurons' states or the activations of one sample."""
        values = max(self.neurons * self.states, self.outputs)
        return self.weights * self.weight_bits + values * self.value_bits

    def plus(self, other: LayerCounts) -> LayerCounts:
        """The sums over this layer's samples and the other's."""
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in COUNTED})


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Counts of a whole system.

    Attributes:
        samples: number of samples summed over.
        steps: time steps of one sample from the first input to the last output; None without time.
        layers: counts of each layer.
    """

    samples: int
    steps: int | None
    layers: tuple[LayerCounts, ...]

    def total(self, name: str) -> int:
        """A count summed over layers and samples."""
        return sum(getattr(layer, name) for layer in self.layers)

    def per_sample(self, name: str) -> float:
        """A count of one sample on average, over all layers."""
        return self.total(name) / self.samples

    def plus(self, other: Counts) -> Counts:
        """The counts of both sets of samples."""
        layers = tuple(mine.plus(theirs) for mine, theirs in zip(self.layers, other.layers, strict=True))
        return Counts(samples=self.samples + other.samples, steps=self.steps, layers=layers)

    def skipping_zeros(self) -> Counts:
        """The counts of hardware that skips multiplications by zero activations."""
        return replace(self, layers=tuple(replace(layer, macs=layer.effective_macs) for layer in self.layers))

    @property
    def neurons(self) -> int:
        """Membranes of the system, those of an input code not included."""
        return sum(layer.neurons for layer in self.layers if layer.name != "input")

    @property
    def hidden_spikes(self) -> int:
        """Spikes, those of an input code not included."""
        return sum(layer.spikes for layer in self.layers if layer.name != "input")

    @property
    def spikes_per_sample(self) -> float:
        """Spikes of one sample on average, those of an input code not included."""
        return self.hidden_spikes / self.samples

    @property
    def spikes_per_neuron(self) -> float:
        """The same of a neuron."""
        return self.spikes_per_sample / self.neurons

    @property
    def density(self) -> float | None:
        """The same of a step; None without time or neurons."""
        return self.spikes_per_neuron / self.steps if self.steps and self.neurons else None

    @property
    def stored_bytes(self) -> int:
        """Size of the memory that holds weights, membranes and activations of one sample."""
        return sum(layer.stored_bits // 8 for layer in self.layers)


def add_up(parts: Iterable[Counts]) -> Counts:
    """The counts of all parts together; parts of the same system."""
    parts = iter(parts)
    total = next(parts)
    for part in parts:
        total = total.plus(part)
    return total


assert set(COUNTED) <= {field.name for field in fields(LayerCounts)}
