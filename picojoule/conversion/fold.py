"""Pass: batch norm into the weight layer before it. Exact.

::

    W' = g·W,  b' = g·b + h      for y = g·(W·x + b) + h per output channel
"""

from __future__ import annotations

from dataclasses import replace

from picojoule.base.errors import ConversionError
from picojoule.ir import Affine, Fate, Network, Node, WeightLayer


def fold(network: Network) -> Network:
    """Remove every :class:`~picojoule.ir.Affine` that stands alone behind a weight layer.

    Raises:
        ConversionError: a batch norm stands elsewhere.
    """
    made: dict[str, Node] = {}
    stands_for: dict[str, str] = {}
    fates = []
    for node in network.nodes:
        node = node.reading(stands_for)
        if not isinstance(node, Affine):
            made[node.name] = node
            continue
        target = made[node.inputs[0]]
        if not isinstance(target, WeightLayer) or len(network.consumers(target)) > 1:
            raise ConversionError(
                f"a batch norm behind a {type(target).__name__} cannot be folded",
                where=f"node {node.name}",
                remedy="place it directly behind a convolution or a linear layer that feeds nothing else",
            )
        made[target.name] = _scaled(target, node)
        stands_for[node.name] = target.name
        fates.append(Fate(node.name, "Affine", f"part of {target.name}", "fold"))
    return network.evolve(made.values(), fates=fates)


def _scaled(layer: WeightLayer, norm: Affine) -> WeightLayer:
    gain = norm.gain.reshape(-1, *[1] * (layer.weight.dim() - 1))
    return replace(layer, weight=layer.weight * gain, bias=layer.bias * norm.gain + norm.shift, has_bias=True)
