"""Calibration: potentials at the start that make the mean of every channel what it is in the ANN, layer by layer.

::

    v₀_c ← v₀_c + T·(mean(a_c) − mean(û_c))        means over samples and positions, a few times over

As for biases, but the whole charge that is missing is there before the first step, where few steps lose most. The idea
is that of cite key ``li2021``. For codes whose layers fire in the same steps; to one that waits for its inputs a
potential at the start is a bias.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from picojoule.conversion.biases import mean_of
from picojoule.conversion.walk import Adjust, Layer
from picojoule.ir import Fire

_TURNS = 4


def membrane(targets: dict[str, Tensor]) -> Adjust:
    """The pass, from the values each layer should send, in units of its scale, by the name of its neurons."""

    def adjust(layer: Layer) -> tuple[Fire, None]:
        fire = layer.fire
        if fire.code.waits or fire.name not in targets:
            return fire, None
        due = mean_of(targets[fire.name])
        start = due.new_full((fire.shape[0],), fire.code.neuron().initial) if fire.start is None else fire.start
        for _ in range(_TURNS):
            start = start + (due - mean_of(layer.decode(replace(fire, start=start), None))) * fire.code.repeats
        return replace(fire, start=start), None

    return adjust
