"""A spiking network run layer by layer on a few samples, so that a pass may change each layer before the next runs.

The membranes of a layer are driven by what the layers above it, changed already, really send. So an error that an
upper layer leaves is seen, and can be made good, below.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import ConversionError
from picojoule.engines import closed, layered
from picojoule.engines.layered import Layers, Signal
from picojoule.engines.plan import plan
from picojoule.ir import Add, Fire, Input, Network, Node, WeightLayer
from picojoule.ir.dense import evaluate, per_channel, scaled_input

_BYTES = 2**28


@final
@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer of neurons on the way, and what drives it.

    Attributes:
        fire: its neurons.
        movable: whether its sums may be moved without moving those of other neurons.
        decode: what receivers decode, ``[batch, *shape]``, if it were other neurons or its sums were moved by
            ``[channels]``.
    """

    fire: Fire
    movable: bool
    decode: Callable[[Fire, Tensor | None], Tensor]


Adjust = Callable[[Layer], tuple[Fire, Tensor | None]]
"""What a pass makes of a layer: its neurons, and by how much its sums move, ``[channels]``, or None."""


def samples_for(network: Network, most: int) -> int:
    """How many samples a walk may take at once, at most `most`, in about 256 MB for the largest signal."""
    largest = max(node.size for node in network.nodes)
    steps = max((fire.code.steps for fire in network.all(Fire) if not fire.code.waits), default=1)
    return max(1, min(most, _BYTES // (4 * largest * steps)))


@torch.no_grad()
def walk(network: Network, x: Tensor, adjust: Adjust) -> Network:
    """Let `adjust` change every layer of neurons in order, the input's own left alone.

    Args:
        network: a spiking network.
        x: samples ``[batch, ...]``.
        adjust: the pass.

    Raises:
        ConversionError: its layers cannot be run one after the other.
    """
    way = _way(network, network.check_input(x))
    made: dict[str, Node] = {}
    for node in network.nodes:
        shift = None
        if isinstance(node, Fire) and node.layer != "input":
            movable = _moves_alone(network, node)
            node, shift = adjust(Layer(fire=node, movable=movable, decode=way.decode))
            if shift is not None:
                layer = made[node.layer]
                assert isinstance(layer, WeightLayer)
                made[layer.name] = _moved(layer, shift)
        way.take(node, shift)
        made[node.name] = node
    return network.evolve(made.values())


@torch.no_grad()
def sent(network: Network, x: Tensor) -> dict[str, Tensor]:
    """What receivers really decode of each layer of neurons over its window, ``[batch, *shape]``, by its name.

    Args:
        network: a spiking network.
        x: inputs ``[batch, ...]``.

    Raises:
        ConversionError: its layers cannot be run one after the other.
    """
    way = _way(network, network.check_input(x))
    for node in network.nodes:
        way.take(node, None)
    return {fire.name: way.value(fire) for fire in network.all(Fire)}


def _moves_alone(network: Network, fire: Fire) -> bool:
    """True where the sums of the layer that drives it go to these neurons only, and as they are."""
    node = network.by_name.get(fire.layer)
    while isinstance(node, (WeightLayer, Add)):
        readers = network.consumers(node)
        if len(readers) != 1:
            return False
        if readers[0] is fire:
            return True
        node = readers[0] if isinstance(readers[0], Add) else None
    return False


def _moved(layer: WeightLayer, shift: Tensor) -> WeightLayer:
    shift = shift.to(layer.bias)
    return replace(
        layer, bias=layer.bias + (shift if layer.bias.dim() == 1 else per_channel(shift, layer.shape)), has_bias=True
    )


class _Way(ABC):
    """How the layers are run one after the other."""

    @abstractmethod
    def decode(self, fire: Fire, shift: Tensor | None) -> Tensor:
        """What receivers of these neurons decode."""

    @abstractmethod
    def value(self, fire: Fire) -> Tensor:
        """What receivers decode of neurons that have run."""

    @abstractmethod
    def take(self, node: Node, shift: Tensor | None) -> None:
        """Run the next node for good."""


@final
class _Dense(_Way):
    """Codes that wait: one dense pass."""

    def __init__(self, network: Network, x: Tensor) -> None:
        self._values = {network.input.name: scaled_input(network.input, x)}

    def decode(self, fire: Fire, shift: Tensor | None) -> Tensor:
        u = self._values[fire.inputs[0]]
        return fire.code.value(u if shift is None else u + per_channel(shift, fire.shape))

    def value(self, fire: Fire) -> Tensor:
        return self._values[fire.name]

    def take(self, node: Node, shift: Tensor | None) -> None:
        if isinstance(node, Fire):
            self._values[node.name] = self.decode(node, shift)
        elif not isinstance(node, Input):
            self._values[node.name] = evaluate(node, *(self._values[name] for name in node.inputs))


@final
class _InSteps(_Way):
    """Codes whose layers fire in the same steps: all steps of a layer, then the next."""

    def __init__(self, network: Network, x: Tensor) -> None:
        self._layers, self._batch = Layers(network, plan(network), x, None, None), len(x)
        self._signals: dict[str, Signal] = {}

    def decode(self, fire: Fire, shift: Tensor | None) -> Tensor:
        return self._decoded(fire, self._fire(fire, shift))

    def value(self, fire: Fire) -> Tensor:
        return self._decoded(fire, self._signals[fire.name])

    def take(self, node: Node, shift: Tensor | None) -> None:
        fires = isinstance(node, Fire)
        self._signals[node.name] = self._fire(node, shift) if fires else self._emit(node, self._signals)

    def _decoded(self, fire: Fire, signal: Signal) -> Tensor:
        assert signal.changing is not None
        return signal.changing.unflatten(0, (-1, self._batch)).sum(0) / fire.code.repeats

    def _fire(self, fire: Fire, shift: Tensor | None) -> Signal:
        """Its neurons from the start, with a drive of their own, since they overwrite it."""
        changing, constant = self._signals[fire.inputs[0]]
        if shift is not None:
            moved = per_channel(shift, fire.shape).expand(1, *fire.shape)
            constant = moved if constant is None else constant + moved
        changing = None if changing is None else changing.clone()
        self._layers.adopt(fire)
        return self._emit(fire, {fire.inputs[0]: Signal(changing, constant)})

    def _emit(self, node: Node, signals: dict[str, Signal]) -> Signal:
        return self._layers.emit(node, signals, 0, self._layers.steps)


def _way(network: Network, x: Tensor) -> _Way:
    not_dense, not_layered = closed.refuses(network), layered.refuses(network)
    if not_dense is None:
        return _Dense(network, x)
    if not_layered is None:
        return _InSteps(network, x)
    raise ConversionError(
        f"its layers cannot be run one after the other: {not_dense}; {not_layered}",
        where=network.name,
        remedy="leave the calibration of single layers out, or use one kind of code without early firing",
    )
