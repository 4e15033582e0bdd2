"""Calibration: the potential at which the neurons of a layer start, by the smallest error of what they send.

::

    v₀* = argmin_v₀ Σ (û(v₀) − a)²        v₀ = start of the tried shares of a spike's amount

Half a spike is best where the drive is the same in every step (cite key ``bu2022``). Spikes that arrive unevenly can
make a little less or more better. Layer by layer, on the layers that are calibrated already. Codes of few spikes with
a free start have it: rate and phase; others stay as they are.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from picojoule.codes import Code, Phase, Rate
from picojoule.conversion.walk import Adjust, Layer
from picojoule.ir import Fire

SHARES = (0.3, 0.4, 0.5, 0.6, 0.7)
"""Of a spike's amount, what is tried."""


def initial(targets: dict[str, Tensor]) -> Adjust:
    """The pass, from the values each layer should send, in units of its scale, by the name of its neurons."""

    def adjust(layer: Layer) -> tuple[Fire, None]:
        def error(fire: Fire) -> float:
            return float((layer.decode(fire, None) - targets[fire.name]).square().sum())

        tried = [layer.fire, *(replace(layer.fire, code=code) for code in _starts(layer.fire.code))]
        return min(tried, key=error), None

    return adjust


def _starts(code: Code) -> list[Code]:
    if isinstance(code, Rate):
        return [replace(code, initial=code.threshold - code.amount * (1 - share)) for share in SHARES
                if code.threshold >= code.amount * (1 - share)]  # fmt: skip
    if isinstance(code, Phase):
        quantum = code.threshold * 2.0**-code.period
        return [replace(code, initial=share * quantum) for share in SHARES]
    return []
