"""Calibration: biases that make the mean of every channel what it is in the ANN, layer by layer.

::

    b_c ← b_c + (mean(a_c) − mean(û_c))        means over samples and positions, a few times over

û is what the layer sends with its inputs as the calibrated layers above it really send them, so each layer also makes
good what those left. Biases are the only thing that changes; weights stay. The idea is that of cite key ``li2021``.
"""

from __future__ import annotations

from torch import Tensor

from picojoule.conversion.walk import Adjust, Layer
from picojoule.ir import Fire

_TURNS = 4


def bias(targets: dict[str, Tensor]) -> Adjust:
    """The pass, from the values each layer should send, in units of its scale, by the name of its neurons."""

    def adjust(layer: Layer) -> tuple[Fire, Tensor | None]:
        fire = layer.fire
        if not layer.movable or fire.name not in targets:
            return fire, None
        due = mean_of(targets[fire.name])
        shift = due.new_zeros(fire.shape[0])
        for _ in range(_TURNS):
            shift = shift + due - mean_of(layer.decode(fire, shift))
        return fire, shift

    return adjust


def mean_of(values: Tensor) -> Tensor:
    """The mean of each channel, over samples and positions, ``[channels]``."""
    return values.mean([0, *range(2, values.dim())])
