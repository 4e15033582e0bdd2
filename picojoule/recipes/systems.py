"""The systems users compare, by name: the ANN in three widths and the same network under every code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from picojoule.codes import TTFS, Burst, FewSpikes, Hybrid, Phase, Rate
from picojoule.conversion import quantise, trace
from picojoule.conversion.fold import fold
from picojoule.data.batches import first, inputs
from picojoule.ir import Network
from picojoule.tuning.settings import Setting

_BATCH = 64
CALIBRATION = 1000
"""Training samples that set the scales."""


def ann(model: nn.Module | Network, calibration: Any) -> Network:
    """The dense ANN, batch norm folded, as a user would run it."""
    return fold(model if isinstance(model, Network) else trace(model, first(calibration)))


def anns(model: nn.Module | Network, calibration: Any) -> tuple[Network, ...]:
    """The dense ANN in fp32, int8 and int4."""
    return ann(model, calibration), *(quantise(model, calibration, bits=bits) for bits in (8, 4))


RATE_STEPS = (8, 16, 32, 64)

CODED: tuple[Setting, ...] = (
    *(Setting(code=Rate(steps=steps)) for steps in RATE_STEPS),
    Setting(code=Rate(steps=4, corrected=True)),
    Setting(code=Rate(steps=8), weight_bits=8),
    Setting(code=Rate(steps=32), weight_bits=8),
    Setting(code=Rate(steps=4), calibrate=("membrane",), weight_bits=4),
    Setting(code=Phase(steps=64)),
    Setting(code=Burst(steps=64)),
    Setting(code=Hybrid(input=Phase(steps=16), hidden=Burst(steps=16, period=Phase(steps=16).pace))),
    Setting(code=TTFS(steps=80, tau=20)),
    Setting(code=TTFS.nearest(steps=12, tau=2)),
    Setting(code=FewSpikes(steps=4)),
    Setting(code=FewSpikes(steps=8)),
)
"""Every spiking row of ``picojoule compare``, in order."""


def coded_for(calibration: Any, settings: Sequence[Setting] = CODED) -> list[Setting]:
    """The settings for these inputs: where some are negative, which no code carries, they are a current."""
    if all(float(x.min()) >= 0 for x in inputs(calibration, _BATCH)):
        return list(settings)
    return [
        replace(each, code=replace(each.code, input=None)) if isinstance(each.code, Hybrid) else each
        for each in settings
    ]
