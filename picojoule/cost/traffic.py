"""Memory traffic under two bounds: nothing is ever reused, and everything moves exactly once.

Real hardware lies between. Per sample, with w, v the bytes of a weight and of a value, and a the bytes of an
event's address (⌈log₂ n⌉ bits for n senders):

====================  ==================================================  ==============================
                      no reuse                                            ideal reuse
====================  ==================================================  ==============================
dense arithmetic      macs·(w + v) + outputs·v                            weights·w + (inputs + outputs)·v
events                synops·(w + 2v) + (updates + bias_adds)·2v          weights·w
                      + spikes·a + events_in·a                            + spikes·a + events_in·a
====================  ==================================================  ==============================

Updates are those of every state: state_updates·states. In training, weights·w counts once for each time that the
weights must move.
Ideal reuse of a spiking layer keeps every membrane in registers for the whole sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2
from typing import final

from picojoule.cost.counts import Counts, LayerCounts


@final
@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes moved by one sample on average, under the two bounds."""

    no_reuse: float
    ideal: float


def traffic(counts: Counts) -> Traffic:
    """Bytes one sample moves on average."""
    bounds = [_layer(layer, counts.samples) for layer in counts.layers]
    return Traffic(sum(bound.no_reuse for bound in bounds), sum(bound.ideal for bound in bounds))


def _layer(layer: LayerCounts, samples: int) -> Traffic:
    w, v = layer.weight_bits / 8, layer.value_bits / 8
    dense_worst = dense_best = 0.0
    if layer.macs:
        dense_worst = layer.macs / samples * (w + v) + layer.outputs * v
        dense_best = (layer.inputs + layer.outputs) * v
    events = (layer.spikes * _address(layer.neurons) + layer.events_in * _address(layer.inputs)) / samples
    updates = layer.state_updates * layer.states + _membrane_adds(layer)
    membranes = (layer.synops * (w + 2 * v) + updates * 2 * v) / samples
    return Traffic(dense_worst + membranes + events, layer.weights * layer.weight_moves * w + dense_best + events)


def _membrane_adds(layer: LayerCounts) -> int:
    """Additions to membranes; those of a dense layer happen in its accumulator and move nothing."""
    return layer.bias_adds if layer.neurons or layer.synops else 0


def _address(senders: int) -> float:
    """Bytes of an event's address."""
    return ceil(log2(senders)) / 8 if senders > 1 else 1 / 8
