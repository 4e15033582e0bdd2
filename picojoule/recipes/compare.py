"""The main job: one network under every code, beside the ANN in fp32, int8 and int4."""

from __future__ import annotations

from typing import Any

from torch import nn

from picojoule.base.environment import environment
from picojoule.base.progress import say
from picojoule.cost import NormalisedProfile, Profile, price, profiles
from picojoule.cost.break_even import break_even_spikes_per_neuron
from picojoule.data.vision import Dataset
from picojoule.ir import Fire, Network
from picojoule.measurement import Observation, observe, row
from picojoule.models import embedded
from picojoule.recipes import series
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION, COMPARED, RATE_STEPS, ann
from picojoule.result import Result, Row, Series

PROFILES: tuple[Profile | NormalisedProfile, ...] = (
    profiles.HOROWITZ_FP32,
    profiles.HOROWITZ_INT8,
    profiles.LOIHI,
    profiles.TRUENORTH_NORMALISED,
    profiles.SPINNAKER_NORMALISED,
)
REFERENCE = f"rate T={RATE_STEPS[-1]}"
"""The system that normalised energies are relative to."""
SKIPPING = "ann int8 (zeros skipped)"
"""The int8 ANN on hardware that skips multiplications by zero: it profits from sparsity as spikes do."""
_CURVE_SAMPLES = 100
_TIMES_SAMPLES = 100


def compare(settings: Settings, model: nn.Module | None = None) -> Result:
    """Compare every system on one data set.

    Args:
        settings: data and options.
        model: the user's trained network; the embedded one for digits if None.

    Returns:
        One row a system, curves, and no claims: it reproduces no paper.
    """
    data = settings.dataset()
    calibration = data.train.take(CALIBRATION)
    networks = [settings.place(build(model or embedded(), calibration)) for build in COMPARED]
    seen = []
    for network in networks:
        say(f"running {network.name}")
        seen.append(observe(network, data.test, batch=settings.batch, limit=settings.limit))
    rows = _rows(seen)
    if model is None:
        rows.insert(1, _without_sparsity(settings, data, seen))
    return Result(
        recipe="compare",
        title=f"{type(model).__name__ if model is not None else 'embedded digit network'} on {data.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=tuple(rows),
        series=tuple(_series([each for each in networks if each.spiking], data, settings)),
        environment=environment(),
    )


def _rows(seen: list[Observation]) -> list[Row]:
    reference = _reference(seen)
    quantised = next(each for each in seen if each.network.name == "ann int8")
    rival = price(quantised.counts, profiles.HOROWITZ_INT8).joules
    rows = [row(each, PROFILES, reference=reference, metrics=_metrics(each, seen[0], rival)) for each in seen]
    skipping = row(
        quantised,
        PROFILES,
        reference=reference,
        name=SKIPPING,
        metrics=_metrics(quantised, seen[0], rival),
        skip_zeros=True,
    )
    rows.insert(seen.index(quantised) + 1, skipping)
    return rows


def _reference(seen: list[Observation]) -> Observation:
    return next(each for each in seen if each.network.name == REFERENCE)


def _metrics(seen: Observation, dense: Observation, rival: float) -> dict[str, float | None]:
    """Agreement with the ANN's decisions, and the spikes per neuron at which the system would cost what int8 costs."""
    agreement = float((seen.decisions == dense.decisions).double().mean())
    if not seen.network.spiking:
        return {"agreement": agreement}
    profile = profiles.HOROWITZ_FP32 if seen.network.precision == "fp32" else profiles.HOROWITZ_INT8
    return {
        "agreement": agreement,
        "break_even_spikes_per_neuron": break_even_spikes_per_neuron(seen.counts, profile, rival),
    }


def _without_sparsity(settings: Settings, data: Dataset, seen: list[Observation]) -> Row:
    """The same architecture trained for accuracy alone: what the sparsity costs."""
    network = settings.place(ann(embedded("plain"), data.train.take(CALIBRATION)))
    plain = observe(network, data.test, batch=settings.batch, limit=settings.limit)
    return row(plain, PROFILES, reference=_reference(seen), name="ann fp32 (no sparsity training)")


def _series(networks: list[Network], data: Dataset, settings: Settings) -> list[Series]:
    """Longest rate, phase and TTFS: curves; of each a raster; first-spike times of the codes that fire once."""
    say("drawing curves")
    samples = data.test.take(min(_CURVE_SAMPLES, settings.limit or _CURVE_SAMPLES))
    images = samples.images.to(settings.device)
    longest: dict[str, Network] = {}
    for network in networks:
        code = _code(network)
        if network.precision == "fp32" and code.steps >= _code(longest.get(code.name, network)).steps:
            longest[code.name] = network
    found: list[Series] = []
    for network in longest.values():
        found.append(series.accuracy_against_steps(network, images, samples.labels.to(settings.device)))
        found.append(series.raster(network, images[:1], _middle_layer(network), settings.seed))
    for network in networks:
        if _code(network).waits:
            found += series.first_spike_times(network, images[:_TIMES_SAMPLES])
    return found


def _code(network: Network) -> Any:
    return next(network.all(Fire)).code


def _middle_layer(network: Network) -> str:
    layers = [fire.layer for fire in network.all(Fire) if fire.layer != "input"]
    return layers[len(layers) // 2]
