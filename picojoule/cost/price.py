"""Counts × prices. An action without a price is an error, never zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from picojoule.base.errors import PriceError
from picojoule.cost.counts import Counts
from picojoule.cost.profile import NormalisedProfile, Profile
from picojoule.cost.traffic import traffic

ACTIONS: dict[str, str] = {
    "mac": "a multiply-accumulate of dense arithmetic",
    "synop_binary": "a binary event at a synapse: add the weight",
    "synop_power_of_two": "an event weighted by a power of two: shift and add",
    "synop_real": "an event of real weight: multiply and add",
    "add": "an addition to a membrane or an output: bias, held current, reset; or to a neuron's second state",
    "compare": "a comparison: a membrane with its threshold, two values of a pool",
}
"""Every action of a network that a profile may price."""
MACHINE_ACTIONS: dict[str, str] = {
    "page_read": "a page read inside the flash",
    "page_program": "a page programmed inside the flash",
    "block_erase": "an erased block of flash",
    "channel_byte": "a byte between flash and its controller",
    "bus_byte": "a byte on the bus inside the drive",
    "host_byte": "a byte between drive and host",
    "dram_byte": "a byte in or out of memory",
    "drive_second": "a second of the drive",
    "host_second": "a second of the host",
}
"""What simulated machines do besides arithmetic; a profile of a machine may price it."""
CIRCUIT_ACTIONS: dict[str, str] = {
    "mac_fp32": "a multiply-accumulate in fp32",
    "mac_int8": "a multiply-accumulate in int8",
    "add_fp32": "an addition in fp32",
    "add_int8": "an addition in int8",
    "xnor_int8": "a comparison of the bits of two bytes, weighted and added",
    "exp_fp32": "an exponential in fp32",
    "div_fp32": "a division in fp32",
    "sram_byte": "a byte in or out of on-chip memory",
}
"""What circuits of several widths do."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """Joules of one sample on average, *computed* from counts.

    Attributes:
        profile: which prices.
        joules: the total.
        by_action: joules by action, ``memory`` among them.
    """

    profile: str
    joules: float
    by_action: dict[str, float]


def actions(counts: Counts) -> dict[str, float]:
    """How often a sample does each action, on average; actions that do not occur are left out."""
    tally = {
        "mac": counts.total("macs"),
        "add": counts.total("bias_adds") + counts.total("spikes") + counts.total("second_updates"),
        "compare": counts.total("state_updates") + counts.total("compares"),
    }
    for layer in counts.layers:
        key = f"synop_{layer.payload}"
        tally[key] = tally.get(key, 0) + layer.synops
    return {action: number / counts.samples for action, number in tally.items() if number}


def price(counts: Counts, profile: Profile) -> Cost:
    """Joules of one sample on average.

    Raises:
        PriceError: the profile has no price for something the system does.
    """
    _check_width(counts, profile)
    by_action = price_actions(actions(counts), profile).by_action
    if profile.memory is not None:
        moved = getattr(traffic(counts), profile.bound)
        by_action["memory"] = moved * profile.memory.joules_per_byte(counts.stored_bytes)
    return Cost(profile=profile.name, joules=sum(by_action.values()), by_action=by_action)


def price_actions(tally: Mapping[str, float], profile: Profile) -> Cost:
    """Joules of actions that were counted elsewhere, as by a simulator; memory only where it is among them.

    Raises:
        PriceError: the profile has no price for one of them.
    """
    by_action = {}
    for action, number in tally.items():
        if action not in profile.prices:
            raise PriceError(
                f"no price for {(ACTIONS | MACHINE_ACTIONS | CIRCUIT_ACTIONS).get(action, action)}",
                where=profile.name,
                remedy="choose a profile that prices it, or another system",
            )
        by_action[action] = number * profile.prices[action].joules
    return Cost(profile=profile.name, joules=sum(by_action.values()), by_action=by_action)


def relative(counts: Counts, reference: Counts, profile: NormalisedProfile) -> float:
    """dynamic·N/N_ref + routing·D/D_ref + static·L/L_ref: N spikes (input spikes not included), L steps, density D.

    Raises:
        PriceError: one of the two has no spikes or no steps.
    """
    if not (counts.steps and reference.steps and reference.hidden_spikes):
        raise PriceError("a system without spikes or steps", where=profile.name, remedy="compare spiking systems")
    spikes = counts.spikes_per_sample / reference.spikes_per_sample
    steps = counts.steps / reference.steps
    density = spikes / steps * reference.neurons / counts.neurons if profile.routing else 0.0
    return profile.dynamic * spikes + profile.routing * density + profile.static * steps


def _check_width(counts: Counts, profile: Profile) -> None:
    widest = max((layer.weight_bits for layer in counts.layers if layer.weights), default=0)
    if profile.bits is not None and widest > profile.bits:
        raise PriceError(
            f"weights of {widest} bits do not fit a datapath of {profile.bits}",
            where=profile.name,
            remedy="quantise the network, or choose a wider profile",
        )
