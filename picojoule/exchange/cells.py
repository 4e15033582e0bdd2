"""The neurons that other libraries have too: one threshold and one reset for all steps, a spike worth its weight.

::

    v ← a·v + I(t);  s = [v ≥ θ];  v ← v − r·s, or 0 at s = 1

Rate codes and trained neurons are such. Tables that change in time (TTFS, phase, few spikes) are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from torch import Tensor

from picojoule.base.errors import ConversionError
from picojoule.ir import Fire, Island, Network


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A population of such neurons.

    Attributes:
        leak: a.
        threshold: θ.
        amount: r; None: a spike leaves nothing of the potential.
        start: v(0), a number, or one for each channel or neuron.
    """

    leak: float
    threshold: float
    amount: float | None
    start: float | Tensor


def cells(network: Network, target: str) -> dict[str, Cell]:
    """The neurons of a network by node, if all are such as other libraries have.

    Args:
        network: to be handed to others.
        target: what they are called in errors.

    Raises:
        ConversionError: it has no neurons, or others.
    """
    for island in network.all(Island):
        raise cannot(target, island.name, f"an analogue island ({island.operation})", "convert without islands")
    found = {fire.name: _cell(fire, target) for fire in network.all(Fire)}
    if not found:
        raise cannot(target, network.name, "a network without spiking neurons", "convert it first, or use ONNX")
    if network.noise is not None:
        raise cannot(target, network.name, "noise between neurons", "export the network without it")
    return found


def steps_of(network: Network) -> int:
    """Steps of a run of a network of such neurons."""
    return next(network.all(Fire)).code.steps


def _cell(fire: Fire, target: str) -> Cell:
    neuron, code = fire.code.neuron(), fire.code
    tables = (neuron.thresholds, neuron.resets, code.amplitudes(), code.injections())
    told = f"{code.label} neurons, whose {{}}"
    remedy = "convert with codes.Rate (--code rate), or freeze a network trained with IF or LIF neurons"
    if code.waits or code.contract.random or any(len(set(table)) > 1 for table in tables):
        raise cannot(target, fire.name, told.format("thresholds, weights or windows change in time"), remedy)
    if neuron.corrects:
        raise cannot(target, fire.name, told.format("spikes take earlier ones back"), "convert with corrected=False")
    if neuron.signed or neuron.grows or neuron.fires_once or neuron.saturates:
        raise cannot(target, fire.name, told.format("spikes are signed, grow or come once"), remedy)
    if code.amplitudes()[0] != 1 or code.injections()[0] != 1:
        raise cannot(target, fire.name, told.format("spikes are worth another number than 1"), "use amount=1")
    start = neuron.initial if fire.start is None else fire.start
    return Cell(
        leak=neuron.leak,
        threshold=neuron.thresholds[0],
        amount=None if neuron.keep == 0 else neuron.resets[0],
        start=start,
    )


def cannot(target: str, where: str, what: str, remedy: str) -> ConversionError:
    """The error for a node that a format does not have."""
    return ConversionError(f"{target} cannot express {what}", where=f"node {where}", remedy=remedy)
