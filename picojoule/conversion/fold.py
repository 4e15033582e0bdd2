"""Pass: batch norms, and numbers and parameters times or plus a value, into weights. Exact.

::

    behind a layer     W' = g·W,  b' = g·b + h              y = g·(W·x + b) + h per output channel
    in front of one    W' = W·g,  b' = b + W·h              y = W·(g·x + h) + b; with zero padding b' has borders
    elsewhere          a layer of its own, with a weight for every channel
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from picojoule.conversion.diagonal import as_bias, diagonal, of_channels
from picojoule.ir import Affine, Conv, ConvTranspose, Fate, Network, Node, WeightLayer
from picojoule.ir.dense import bias_image, per_channel, without_bias


def fold(network: Network) -> Network:
    """Remove every :class:`~picojoule.ir.Affine`."""
    folding = _Folding(network)
    for node in network.nodes:
        folding.take(node)
    return network.evolve(folding.made.values(), fates=folding.fates)


class _Folding:
    """A network without its affine maps, as it is made."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._ahead: dict[str, Affine] = {}  # those that go into what reads them, by name
        self._stands_for: dict[str, str] = {}
        self.made: dict[str, Node] = {}
        self.fates: list[Fate] = []

    def take(self, node: Node) -> None:
        """The next node of the network."""
        node = node.reading(self._stands_for)
        before = self._ahead.get(node.inputs[0]) if node.inputs else None
        if isinstance(node, Affine):
            self._fold(node if before is None else _both(before, node))
        elif isinstance(node, WeightLayer) and before is not None:
            self.made[node.name] = _behind(before, node)
        else:
            self.made[node.name] = node

    def _fold(self, norm: Affine) -> None:
        consumers, target = self._network.consumers(norm), self.made[norm.inputs[0]]
        if isinstance(target, WeightLayer) and self._feeds_only(target, norm) and _is_of_channels(norm.gain, norm):
            self.made[target.name] = _in_front(target, norm)
            self._stands_for[norm.name] = target.name
            became = f"part of {target.name}"
        elif consumers and all(_takes(each, norm, len(consumers)) for each in consumers):
            self._ahead[norm.name] = norm
            became = f"part of {', '.join(each.name for each in consumers)}"
        else:
            for node in diagonal(norm.name, target, norm.gain, norm.shift):
                self.made[node.name] = node
            became = "a layer with a weight for every channel"
        self.fates.append(Fate(norm.name, "Affine", became, "fold"))

    def _feeds_only(self, target: Node, norm: Affine) -> bool:
        """True where nothing else reads the layer, or what an affine map folded into it stood for."""
        names = [target.name, *(name for name, layer in self._stands_for.items() if layer == target.name)]
        readers = [each for name in names if name in self._network.by_name
                   for each in self._network.consumers(self._network.by_name[name])]  # fmt: skip
        return all(each.name == norm.name or self._stands_for.get(each.name) == target.name for each in readers)


def _takes(consumer: Node, norm: Affine, consumers: int) -> bool:
    """True where a reader can take an affine map in front of it in."""
    if isinstance(consumer, Affine):
        return consumers == 1
    return isinstance(consumer, WeightLayer) and _is_of_channels(norm.gain, norm)


def _is_of_channels(gain: Tensor, norm: Affine) -> bool:
    return of_channels(gain, norm.shape) is not None


def _both(first: Affine, second: Affine) -> Affine:
    """One affine map behind the other."""
    gain, shift = (per_channel(each, second.shape) for each in (second.gain, second.shift))
    before = [per_channel(each, first.shape) for each in (first.gain, first.shift)]
    return replace(second, inputs=first.inputs, gain=gain * before[0], shift=gain * before[1] + shift)


def _in_front(layer: WeightLayer, norm: Affine) -> WeightLayer:
    """The layer with an affine map that was behind it."""
    gain = of_channels(norm.gain, norm.shape)
    assert gain is not None
    rows = gain.reshape(-1, *[1] * (layer.weight.dim() - 1)).to(layer.weight)
    bias = bias_image(layer) * per_channel(gain, layer.shape) + per_channel(norm.shift, layer.shape)
    return replace(layer, weight=layer.weight * rows, bias=_in_type(bias, layer), has_bias=True)


def _behind(norm: Affine, layer: WeightLayer) -> WeightLayer:
    """The layer with an affine map that was in front of it."""
    gain = of_channels(norm.gain, norm.shape)
    assert gain is not None
    shift = per_channel(norm.shift, norm.shape).expand(norm.shape).to(layer.weight)
    held = without_bias(replace(layer, weight=layer.weight.double()), shift[None].double())[0]
    bias = (bias_image(layer) + held).to(layer.weight)
    weight = layer.weight * columns(layer, gain.to(layer.weight))
    if not bool(shift.any()):
        return replace(layer, inputs=norm.inputs, weight=weight)
    return replace(layer, inputs=norm.inputs, weight=weight, bias=_in_type(bias, layer), has_bias=True)


def _in_type(bias: Tensor, layer: WeightLayer) -> Tensor:
    return as_bias(bias.to(layer.weight), layer.shape)


def columns(layer: WeightLayer, gain: Tensor) -> Tensor:
    """A gain of each input channel, shaped to multiply the weight; of each group its own channels."""
    if not isinstance(layer, (Conv, ConvTranspose)):
        return gain
    kernel = [1] * (layer.weight.dim() - 2)
    per_output = gain.reshape(layer.groups, 1, -1).expand(-1, layer.weight.shape[0] // layer.groups, -1)
    return per_output.reshape(layer.weight.shape[0], -1, *kernel)
