"""The systems users compare, by name: the ANN in three widths and the same network under every code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from picojoule.codes import TTFS, Code, FewSpikes, Phase, Rate
from picojoule.conversion import convert, quantise, trace
from picojoule.conversion.fold import fold
from picojoule.data.batches import first
from picojoule.ir import Network

CALIBRATION = 1000
"""Training samples that set the scales."""


def ann(model: nn.Module, calibration: Any) -> Network:
    """The dense ANN, batch norm folded, as a user would run it."""
    return fold(trace(model, first(calibration)))


def spiking(code: Code, **options: Any) -> Callable[[nn.Module, Any], Network]:
    """A builder of the network under `code`."""
    return lambda model, calibration: convert(model, calibration, code=code, **options)


RATE_STEPS = (8, 16, 32, 64)

COMPARED: tuple[Callable[[nn.Module, Any], Network], ...] = (
    ann,
    lambda model, calibration: quantise(model, calibration, bits=8),
    lambda model, calibration: quantise(model, calibration, bits=4),
    *(spiking(Rate(steps=steps)) for steps in RATE_STEPS),
    spiking(Rate(steps=8), weight_bits=8),
    spiking(Rate(steps=32), weight_bits=8),
    spiking(Phase(steps=64)),
    spiking(TTFS(steps=80, tau=20)),
    spiking(TTFS.nearest(steps=12, tau=2)),
    spiking(FewSpikes(steps=8)),
)
"""Every row of ``picojoule compare``, in order."""
