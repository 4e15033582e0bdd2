"""From what was observed to a row of a result: metrics, counts, and joules under every profile asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from picojoule.base.errors import PriceError
from picojoule.cost import Counts, NormalisedProfile, Profile, price, relative
from picojoule.measurement.neurobench import neurobench
from picojoule.measurement.observe import Observation
from picojoule.metrics import wilson
from picojoule.result import Energy, Row

_COUNTED = ("synops", "macs", "state_updates", "bias_adds")
_DENSE = ("macs", "bias_adds")
"""What an ANN does too; the others are unknown to it, not 0."""


def row(
    seen: Observation,
    profiles: Sequence[Profile | NormalisedProfile],
    *,
    reference: Observation | None = None,
    name: str | None = None,
    metrics: dict[str, float | None] | None = None,
    skip_zeros: bool = False,
) -> Row:
    """One system as a row.

    Args:
        seen: the observation.
        profiles: what to price it under; an action without a price gives null and the reason.
        reference: the system that normalised profiles are relative to.
        name: the system's name, if not the network's (with "(zeros skipped)" behind it where they are).
        metrics: more metrics to write beside accuracy.
        skip_zeros: count as on hardware that skips multiplications by zero activations, and profits from sparsity as
            spikes do.
    """
    made = counted(
        name or seen.network.name + (" (zeros skipped)" if skip_zeros else ""),
        seen.counts.skipping_zeros() if skip_zeros else seen.counts,
        profiles,
        hits=seen.hits,
        spiking=seen.network.spiking,
        reference=reference,
        metrics=metrics,
        seconds=seen.seconds_per_sample,
        peak_bytes=seen.peak_bytes,
    )
    return replace(made, neurobench=neurobench(seen.counts, seen.network, seen.active, seen.spikes_in))


def rows_of(seen: Observation, profiles: Sequence[Profile | NormalisedProfile], **options: Any) -> list[Row]:
    """The row of :func:`row`; of a quantised ANN also that on hardware that skips zeros, its strongest form."""
    found = [row(seen, profiles, **options)]
    if not seen.network.spiking and seen.network.precision != "fp32":
        found.append(row(seen, profiles, **options, skip_zeros=True))
    return found


def counted(
    name: str,
    counts: Counts,
    profiles: Sequence[Profile | NormalisedProfile],
    *,
    hits: int | None,
    spiking: bool,
    reference: Observation | None = None,
    metrics: dict[str, float | None] | None = None,
    seconds: float | None = None,
    peak_bytes: int | None = None,
) -> Row:
    """A row from counts alone, for a system that is no network of ours.

    Args:
        name: of the system.
        counts: what it did.
        profiles, reference, metrics: as for :func:`row`.
        hits: correct decisions on the samples counted; None where unknown.
        spiking: whether it has spikes; what it cannot have is unknown, not 0.
        seconds, peak_bytes: of a sample and of a run, where a kernel of this kind ran.
    """
    found = {"accuracy": hits / counts.samples} if hits is not None else {}
    if spiking:
        found["spikes_per_neuron"] = counts.spikes_per_neuron
    return Row(
        system=name,
        metrics={**found, **(metrics or {})},
        interval={"accuracy": wilson(hits, counts.samples)} if hits is not None else {},
        counts={
            "steps": counts.steps,
            "spikes": counts.spikes_per_sample if spiking else None,
            **{each: counts.per_sample(each) if spiking or each in _DENSE else None for each in _COUNTED},
        },
        energy=tuple(_energy(counts, profile, reference) for profile in profiles),
        seconds_per_sample=seconds,
        peak_bytes=peak_bytes,
        layers=_layers(counts, spiking),
        neurobench={} if any(layer.weight_moves > 1 for layer in counts.layers) else neurobench(counts),  # training
    )


def _energy(counts: Counts, profile: Profile | NormalisedProfile, reference: Observation | None) -> Energy:
    try:
        if isinstance(profile, Profile):
            return Energy(profile=profile.name, joules=price(counts, profile).joules)
        if reference is None:
            return Energy(profile=profile.name, reason="no reference system was given")
        value = relative(counts, reference.counts, profile)
        return Energy(profile=profile.name, relative=value, reference=reference.network.name)
    except PriceError as error:
        return Energy(profile=profile.name, reason=error.what)


def _layers(counts: Counts, spiking: bool) -> tuple[dict[str, object], ...]:
    fields = ("spikes", "synops", "macs") if spiking else ("macs",)
    return tuple(
        {
            "name": layer.name,
            "neurons": layer.neurons or None,
            **{each: getattr(layer, each) / counts.samples for each in fields},
        }
        for layer in counts.layers
    )
