"""What ``convert`` can fit beyond percentiles: one table, each in its own file, each to be left out.

Two kinds: those that choose codes and scales from the histograms of the ANN's activations, before the scales go into
the weights; and those that change one layer of neurons after the other, on samples, after that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.codes import Code
from picojoule.conversion.biases import bias
from picojoule.conversion.gradient import optimise_kernels
from picojoule.conversion.histogram import Histogram
from picojoule.conversion.initials import initial
from picojoule.conversion.kernels import best_kernels
from picojoule.conversion.membranes import membrane
from picojoule.conversion.thresholds import best_scales
from picojoule.conversion.walk import Adjust, Layer, samples_for, walk
from picojoule.data.batches import collect
from picojoule.ir import Fate, Fire, Network
from picojoule.ir.dense import evaluate_all

CALIBRATIONS: Mapping[str, str] = {
    "kernel": "time constant and rounding of time-to-first-spike neurons, from the histogram of each layer",
    "threshold": "the scale of each channel that the code carries with the smallest error",
    "gradient": "τ and d of time-to-first-spike neurons by gradient descent, as T2FSNN has it",
    "initial": "the potential at which the neurons of a layer start, by the smallest error",
    "membrane": "a potential at the start for each channel, so that its mean is the ANN's",
    "bias": "a bias for each channel, so that its mean is the ANN's",
}
"""Every calibration, in the order in which they are done."""

_PASSES: Mapping[str, Callable[[dict[str, Tensor]], Adjust]] = {"initial": initial, "membrane": membrane, "bias": bias}
_SAMPLES, _BATCH = 256, 64


def known(names: Sequence[str]) -> tuple[str, ...]:
    """The names in the order of :data:`CALIBRATIONS`.

    Raises:
        InputError: an unknown one.
    """
    names = (names,) if isinstance(names, str) else tuple(names)
    unknown = [name for name in names if name not in CALIBRATIONS]
    if unknown:
        raise InputError(
            f"no calibration {', '.join(map(repr, unknown))}",
            where="convert(calibrate=...)",
            remedy=f"choose from {', '.join(CALIBRATIONS)}",
        )
    return tuple(name for name in CALIBRATIONS if name in names)


def fit_codes(
    histograms: Mapping[str, Histogram],
    codes: Mapping[str, Code],
    scales: dict[str, Tensor],
    norm: str,
    calibrate: Sequence[str],
) -> tuple[Mapping[str, Code], dict[str, Tensor]]:
    """Codes and scales after the calibrations of the first kind."""
    if "kernel" in calibrate:
        codes = best_kernels(histograms, codes, scales)
    if "threshold" in calibrate:
        scales = best_scales(histograms, codes, scales, norm=norm)
    return codes, scales


def fit_layers(network: Network, normal: Network, data: Any, calibrate: Sequence[str]) -> Network:
    """A spiking network after the calibrations of the second kind; what each did to each layer is in its history.

    Args:
        network: to be calibrated.
        normal: the ANN it came from, in the same units.
        data: calibration inputs.
        calibrate: names.
    """
    network = optimise_kernels(network, data).network if "gradient" in calibrate else network
    wanted = [name for name in calibrate if name in _PASSES]
    if not wanted:
        return network
    x = normal.check_input(collect(data, _BATCH, samples_for(network, _SAMPLES)))
    values = evaluate_all(normal.nodes, x)
    targets = {fire.name: values[fire.name] for fire in network.all(Fire) if fire.name in values}
    for name in wanted:
        told: list[Fate] = []
        network = walk(network, x, _recorded(name, _PASSES[name](targets), targets, told))
        network = network.evolve(network.nodes, fates=told)
    return network


def _recorded(name: str, adjust: Adjust, targets: Mapping[str, Tensor], told: list[Fate]) -> Adjust:
    """The pass, writing down the error of each layer before and after it."""

    def both(layer: Layer) -> tuple[Fire, Tensor | None]:
        if layer.fire.name not in targets:  # relays pass on what they get
            return layer.fire, None
        due = targets[layer.fire.name]
        before = _error(layer.decode(layer.fire, None), due)
        fire, shift = adjust(layer)
        after = _error(layer.decode(fire, shift), due)
        told.append(Fate(fire.name, "Fire", f"calibrated: error {before:.1%} → {after:.1%}", name))
        return fire, shift

    return both


def _error(sent: Tensor, due: Tensor) -> float:
    return float((sent - due).norm() / due.norm().clamp_min(1e-12))
