"""The systems users compare, by name: the ANN in three widths and the same network under every code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from picojoule.codes import TTFS, Burst, Code, FewSpikes, Hybrid, Phase, Rate
from picojoule.conversion import convert, quantise, trace
from picojoule.conversion.fold import fold
from picojoule.data.batches import first, inputs
from picojoule.ir import Network

_BATCH = 64
CALIBRATION = 1000
"""Training samples that set the scales."""


def ann(model: nn.Module | Network, calibration: Any) -> Network:
    """The dense ANN, batch norm folded, as a user would run it."""
    return fold(model if isinstance(model, Network) else trace(model, first(calibration)))


def anns(model: nn.Module | Network, calibration: Any) -> tuple[Network, ...]:
    """The dense ANN in fp32, int8 and int4."""
    return ann(model, calibration), *(quantise(model, calibration, bits=bits) for bits in (8, 4))


def spiking(code: Code | Hybrid, **options: Any) -> Callable[[nn.Module, Any], Network]:
    """A builder of the network under `code`."""
    return lambda model, calibration: convert(model, calibration, code=code, **options)


def phase_burst(model: nn.Module, calibration: Any) -> Network:
    """Bursts behind phase-coded pixels; where pixels may be negative, behind a current that enters as often."""
    phase = Phase(steps=16)
    hidden = Burst(steps=phase.steps, period=phase.pace)
    coded = all(float(x.min()) >= 0 for x in inputs(calibration, _BATCH))
    return convert(model, calibration, code=Hybrid(input=phase if coded else None, hidden=hidden))


RATE_STEPS = (8, 16, 32, 64)

COMPARED: tuple[Callable[[nn.Module, Any], Network], ...] = (
    ann,
    lambda model, calibration: quantise(model, calibration, bits=8),
    lambda model, calibration: quantise(model, calibration, bits=4),
    *(spiking(Rate(steps=steps)) for steps in RATE_STEPS),
    spiking(Rate(steps=4, corrected=True)),
    spiking(Rate(steps=8), weight_bits=8),
    spiking(Rate(steps=32), weight_bits=8),
    spiking(Rate(steps=4), calibrate=("membrane",), weight_bits=4),
    spiking(Phase(steps=64)),
    spiking(Burst(steps=64)),
    phase_burst,
    spiking(TTFS(steps=80, tau=20)),
    spiking(TTFS.nearest(steps=12, tau=2)),
    spiking(FewSpikes(steps=4)),
    spiking(FewSpikes(steps=8)),
)
"""Every row of ``picojoule compare``, in order."""
