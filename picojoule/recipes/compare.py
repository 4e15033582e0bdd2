"""The main job: one network under every code, beside the ANN in fp32, int8 and int4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from picojoule.base.environment import environment
from picojoule.base.errors import ConversionError
from picojoule.base.progress import say
from picojoule.codes import Code, Hybrid
from picojoule.conversion import convert
from picojoule.data.vision import Dataset
from picojoule.ir import Fire, Network
from picojoule.measurement import Observation, observe, row
from picojoule.models.loading import EMBEDDED, embedded_from
from picojoule.recipes import series
from picojoule.recipes.comparison import PROFILES, observe_all, rows, unknown
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION, CODED, RATE_STEPS, ann, anns, coded_for
from picojoule.result import Result, Row, Series
from picojoule.tuning.settings import Setting

REFERENCE = f"rate T={RATE_STEPS[-1]}"
"""The system that normalised energies are relative to; where no rate code can carry the network, its last."""
_CURVE_SAMPLES = 100


def compare(settings: Settings, model: nn.Module | None = None, *, digit_weights: Path = EMBEDDED) -> Result:
    """Compare every system on one data set.

    Args:
        settings: data and options.
        model: the user's trained network; the embedded one for digits if None.
        digit_weights: the embedded network's weights, both variants; those in the package by default.

    Returns:
        One row a system, curves, and no claims: it reproduces no paper. A code that cannot carry the network has a row
        in which everything is unknown, with the reason.

    Raises:
        ConversionError: no code can carry it.
    """
    data = settings.dataset()
    calibration = data.train.take(CALIBRATION)
    trained = embedded_from(digit_weights, "sparse") if model is None else model
    networks, refused = _networks(trained, calibration)
    networks = [settings.place(each) for each in networks]
    seen = observe_all(networks, data.test, settings)
    reference = REFERENCE if REFERENCE in seen else networks[-1].name
    found = rows(seen, reference=reference) + [unknown(name, why) for name, why in refused.items()]
    if model is None:
        found.insert(1, _without_sparsity(settings, data, seen[reference], digit_weights))
    return Result(
        recipe="compare",
        title=f"{type(model).__name__ if model is not None else 'embedded digit network'} on {data.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=tuple(found),
        series=tuple(_series([each for each in networks if each.spiking], data, settings)),
        environment=environment(),
    )


def _networks(model: nn.Module, calibration: Any) -> tuple[list[Network], dict[str, str]]:
    """The ANNs, the network under every code that can carry it, and by name what the other codes said.

    Raises:
        ConversionError: no code can.
    """
    networks, refused = list(anns(model, calibration)), {}
    problem: ConversionError | None = None
    for setting in coded_for(calibration, CODED):
        try:
            networks.append(convert(model, calibration, **setting.options()))
        except ConversionError as error:
            say(f"{setting.name}: {error.what}")
            refused[setting.name], problem = error.what.removeprefix(f"{_hidden(setting).label} "), error
    if problem and not any(each.spiking for each in networks):
        raise problem
    return networks, refused


def _hidden(setting: Setting) -> Code:
    """The code of what is no input."""
    return setting.code.hidden if isinstance(setting.code, Hybrid) else setting.code


def _without_sparsity(settings: Settings, data: Dataset, reference: Observation, weights: Path) -> Row:
    """The same architecture trained for accuracy alone: what the sparsity costs."""
    network = settings.place(ann(embedded_from(weights, "plain"), data.train.take(CALIBRATION)))
    plain = observe(network, data.test, batch=settings.batch, limit=settings.limit)
    return row(plain, PROFILES, reference=reference, name="ann fp32 (no sparsity training)")


def _series(networks: list[Network], data: Dataset, settings: Settings) -> list[Series]:
    """Of each code the longest: a curve and a raster; first-spike times of the codes that fire once."""
    say("drawing curves")
    samples = data.test.take(min(_CURVE_SAMPLES, settings.limit or _CURVE_SAMPLES))
    images = samples.images.to(settings.device)
    longest: dict[str, Network] = {}
    for network in networks:
        code, _, _ = network.name.partition(" ")
        if network.precision == "fp32" and _code(network).steps >= _code(longest.get(code, network)).steps:
            longest[code] = network
    found: list[Series] = []
    for network in longest.values():
        found.append(series.accuracy_against_steps(network, images, samples.labels.to(settings.device)))
        found.append(series.raster(network, images[:1], series.middle_layer(network), settings.seed))
    for network in networks:
        if _code(network).contract.spikes == 1:
            found += series.first_spike_times(network, images)
    return found


def _code(network: Network) -> Any:
    return next(network.all(Fire)).code
