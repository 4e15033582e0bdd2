"""The profiles, one table each, every number with its source.

A system stored in fewer bits runs on a wider datapath at that datapath's price, never the other way round.
"""

from __future__ import annotations

from dataclasses import replace

from picojoule.cost.profile import Memory, NormalisedProfile, Price, Profile

_pJ = 1e-12
_KIB, _MIB = 1 << 10, 1 << 20
_HOROWITZ = "Horowitz, ISSCC 2014, 45 nm, 0.9 V"

_SRAM_45NM = Memory(
    sram_bytes=8 * _KIB,
    sram_joules=10 * _pJ,
    largest_sram=1 * _MIB,
    dram_joules=1300 * _pJ,
    source=f"{_HOROWITZ}: 8 KiB 10 pJ, 32 KiB 20 pJ, 1 MiB 100 pJ, DRAM from 1300 pJ, each for 8 bytes",
)

HOROWITZ_FP32 = Profile(
    name="horowitz-45nm-fp32",
    title="45 nm, fp32 datapath, each datum moved once",
    bits=32,
    prices={
        "mac": Price(4.6 * _pJ, f"{_HOROWITZ}: fp32 multiply 3.7 + add 0.9"),
        "synop_binary": Price(0.9 * _pJ, f"{_HOROWITZ}: fp32 add"),
        "synop_power_of_two": Price(1.0 * _pJ, f"{_HOROWITZ}: fp32 add 0.9 + exponent add, priced as an int32 add 0.1"),
        "synop_real": Price(4.6 * _pJ, f"{_HOROWITZ}: fp32 multiply 3.7 + add 0.9"),
        "add": Price(0.9 * _pJ, f"{_HOROWITZ}: fp32 add"),
        "compare": Price(0.9 * _pJ, f"{_HOROWITZ}: a comparison is priced as an fp32 add"),
    },
    memory=_SRAM_45NM,
    note="Arithmetic and on-chip memory under ideal reuse; no control, clock or network on chip.",
)

HOROWITZ_INT8 = Profile(
    name="horowitz-45nm-int8",
    title="45 nm, int8 datapath, each datum moved once",
    bits=8,
    prices={
        "mac": Price(0.23 * _pJ, f"{_HOROWITZ}: int8 multiply 0.2 + add 0.03"),
        "synop_binary": Price(0.03 * _pJ, f"{_HOROWITZ}: int8 add"),
        "synop_power_of_two": Price(0.06 * _pJ, f"{_HOROWITZ}: int8 add 0.03 + shift, priced as an int8 add"),
        "add": Price(0.03 * _pJ, f"{_HOROWITZ}: int8 add"),
        "compare": Price(0.03 * _pJ, f"{_HOROWITZ}: a comparison is priced as an int8 add"),
    },
    memory=_SRAM_45NM,
    note="As horowitz-45nm-fp32, in int8. Sums are priced as int8 adds, as in the usual tables, although"
    " accumulators and membranes are wider. A spike of a real payload has no price: its kernel is not 8 bits here.",
)

LOIHI = Profile(
    name="loihi",
    title="Loihi, 14 nm, events only",
    bits=None,
    prices={
        "synop_binary": Price(
            23.6 * _pJ, "23.6 pJ a synaptic operation, as tabulated in a 2023 Frontiers paper (SENECA)"
        ),
        "synop_power_of_two": Price(23.6 * _pJ, "graded spikes priced as a synaptic operation (assumption)"),
        "synop_real": Price(23.6 * _pJ, "graded spikes priced as a synaptic operation (assumption)"),
        "add": Price(0.0, "contained in the neuron update"),
        "compare": Price(81 * _pJ, "81 pJ a neuron update, Davies 2018 as quoted by keras-spiking"),
    },
    note="Memory and routing are contained in the prices. No analogue layer: one that needs MACs has no price here.",
)


def _variant(profile: Profile, suffix: str, title: str, **changes: object) -> Profile:
    return replace(profile, name=f"{profile.name}-{suffix}", title=title, **changes)  # type: ignore[arg-type]


HOROWITZ_FP32_NO_REUSE = _variant(
    HOROWITZ_FP32, "no-reuse", "45 nm, fp32 datapath, nothing reused", bound="no_reuse", note="Nothing is ever reused."
)
HOROWITZ_INT8_NO_REUSE = _variant(
    HOROWITZ_INT8, "no-reuse", "45 nm, int8 datapath, nothing reused", bound="no_reuse", note="Nothing is ever reused."
)
HOROWITZ_FP32_OPS = _variant(
    HOROWITZ_FP32,
    "ops",
    "45 nm, fp32 datapath, arithmetic alone",
    memory=None,
    note="The usual form of papers: no memory.",
)
HOROWITZ_INT8_OPS = _variant(
    HOROWITZ_INT8,
    "ops",
    "45 nm, int8 datapath, arithmetic alone",
    memory=None,
    note="The usual form of papers: no memory.",
)

_NORMALISED = "energy of a spiking network relative to a reference, the two-term form used for T2FSNN (from memory)"
TRUENORTH_NORMALISED = NormalisedProfile(
    name="truenorth-normalised",
    title="relative to a reference, TrueNorth's shares",
    dynamic=0.4,
    static=0.6,
    source=_NORMALISED,
)
SPINNAKER_NORMALISED = NormalisedProfile(
    name="spinnaker-normalised",
    title="relative to a reference, SpiNNaker's shares",
    dynamic=0.64,
    static=0.36,
    source=_NORMALISED,
)

PROFILES: tuple[Profile, ...] = (
    HOROWITZ_FP32,
    HOROWITZ_INT8,
    LOIHI,
    HOROWITZ_FP32_NO_REUSE,
    HOROWITZ_INT8_NO_REUSE,
    HOROWITZ_FP32_OPS,
    HOROWITZ_INT8_OPS,
)
NORMALISED: tuple[NormalisedProfile, ...] = (TRUENORTH_NORMALISED, SPINNAKER_NORMALISED)
