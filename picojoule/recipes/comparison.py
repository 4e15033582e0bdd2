"""Systems side by side on one data set: observe each, then write the rows with what only a comparison can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from picojoule.base.progress import say
from picojoule.cost import NormalisedProfile, Profile, price, profiles
from picojoule.cost.break_even import break_even_spikes_per_neuron
from picojoule.data.vision import Images
from picojoule.ir import Network
from picojoule.measurement import Observation, observe, rows_of
from picojoule.recipes.settings import Settings
from picojoule.result import Energy, Row

PROFILES: tuple[Profile | NormalisedProfile, ...] = (
    profiles.HOROWITZ_FP32,
    profiles.HOROWITZ_INT8,
    profiles.HOROWITZ_FP32_NO_REUSE,
    profiles.HOROWITZ_INT8_NO_REUSE,
    profiles.LOIHI,
    profiles.TRUENORTH_NORMALISED,
    profiles.SPINNAKER_NORMALISED,
)
DENSE, RIVAL = "ann fp32", "ann int8"


def observe_all(
    networks: Sequence[Network], samples: Images, settings: Settings, *, few: Mapping[str, int] | None = None
) -> dict[str, Observation]:
    """Run each network over the samples; by name, in order.

    Args:
        networks, samples, settings: what to run on what.
        few: networks to be run on so many samples only, by name.
    """
    seen = {}
    for network in networks:
        assert network.name not in seen, f"two systems named {network.name}"
        say(f"running {network.name}")
        limit = (few or {}).get(network.name, settings.limit)
        seen[network.name] = observe(network, samples, batch=min(settings.batch, limit or settings.batch), limit=limit)
    return seen


def rows(seen: dict[str, Observation], *, reference: str) -> list[Row]:
    """A row a system, and the quantised ANNs once more as hardware that skips zeros has them.

    Args:
        seen: observations by name, ``ann fp32`` and ``ann int8`` among them.
        reference: the spiking system that normalised energies are relative to.
    """
    found = []
    for each in seen.values():
        found += rows_of(each, PROFILES, reference=seen[reference], metrics=_metrics(each, seen))
    return found


def unknown(name: str, why: str) -> Row:
    """The row of a system that could not be made."""
    return Row(
        system=name,
        metrics={"accuracy": None},
        energy=tuple(Energy(profile=each.name, reason=why) for each in PROFILES),
    )


def _metrics(each: Observation, seen: dict[str, Observation]) -> dict[str, float | None]:
    """Agreement with the ANN's decisions, and the spikes per neuron at which the system would cost what int8 costs."""
    standard = seen[DENSE].decisions[: len(each.decisions)]
    metrics: dict[str, float | None] = {"agreement": float((each.decisions == standard).double().mean())}
    if each.network.spiking:
        own = profiles.HOROWITZ_FP32 if each.network.precision == "fp32" else profiles.HOROWITZ_INT8
        rival = price(seen[RIVAL].counts, profiles.HOROWITZ_INT8).joules
        metrics["break_even_spikes_per_neuron"] = break_even_spikes_per_neuron(each.counts, own, rival)
    return metrics
