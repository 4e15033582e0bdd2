"""The paper's claims, and what is true by construction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from torch import Tensor

from picojoule.conversion.gradient import Losses
from picojoule.engines.plan import plan
from picojoule.ir import Fire, Network, WeightLayer
from picojoule.measurement import Observation
from picojoule.measurement.agreement import Agreement
from picojoule.recipes.claims import judged, structural
from picojoule.recipes.t2fsnn.systems import Systems
from picojoule.result import Claim

AGREES = 0.995
"""The share of the ANN's decisions that a system must make to be compared by its spikes."""
_LOST = 0.002
"""A difference in accuracy that counts as a loss."""


@final
@dataclass(frozen=True, kw_only=True)
class Findings:
    """What the claims are judged by.

    Attributes:
        systems: the networks.
        seen: what they did, by name.
        before, after: losses of the kernels, by node.
        agreements: with the stepped oracle, for each S.
        most_spikes: of one neuron for one sample.
    """

    systems: Systems
    seen: dict[str, Observation]
    before: dict[str, Losses]
    after: dict[str, Losses]
    agreements: list[Agreement]
    most_spikes: int


def claims(found: Findings, *, accurate: str) -> tuple[Claim, ...]:
    """All of them.

    Args:
        found: what they are judged by.
        accurate: the name of the ANN whose decisions are the standard.
    """
    return (*_by_construction(found), *_ours(found, accurate), *_papers())


def _by_construction(found: Findings) -> tuple[Claim, ...]:
    network = found.systems.ef
    layers, code = len(list(network.all(WeightLayer))), next(network.all(Fire)).code
    different, neurons = (sum(getattr(each, name) for each in found.agreements) for name in ("different", "neurons"))
    return (
        structural(
            "engines-equal-stepped",
            "spike times at S = T, 3T/4, T/2, T/4 that differ from the stepped network's without a near-tie"
            f" (in all {different} of {neurons} differ)",
            target=0,
            measured=sum(each.unexplained for each in found.agreements),
            unit="spike times",
        ),
        structural(
            "one-spike",
            "the most spikes of one neuron for one sample",
            target=1,
            measured=found.most_spikes,
            unit="spikes",
        ),
        structural(
            "latency",
            f"latency is (L−1)·S + T steps for L weight layers, a coded input and S = {code.start}",
            target=(layers - 1) * code.start + code.steps,
            measured=_latency(network),
            unit="steps",
        ),
    )


def _latency(network: Network) -> int:
    timing = plan(network).schedule
    assert timing is not None
    return timing.latency


def _ours(found: Findings, accurate: str) -> tuple[Claim, ...]:
    systems, seen = found.systems, found.seen
    before, after = (sum(each.weighted for each in losses.values()) for losses in (found.before, found.after))
    lost = (seen[systems.go.name].accuracy or 0) - (seen[systems.plain.name].accuracy or 0)
    return (
        _shown(
            "go-lowers-loss",
            "weighted loss of the kernels after optimisation relative to before",
            after / before,
            after < before,
        ),
        _shown(
            "go-keeps-accuracy",
            f"accuracy with optimised kernels less that without, above −{_LOST:g}",
            lost,
            lost > -_LOST,
        ),
        *_sparser(systems, seen, seen[accurate].decisions),
    )


def _sparser(systems: Systems, seen: dict[str, Observation], standard: Tensor) -> Iterator[Claim]:
    """Spikes beside those of rate coding, old and new."""
    name, old = systems.go_ef.name, systems.old_rate.name
    spikes, same = seen[name].counts.spikes_per_sample, _agreement(seen[name], standard) >= AGREES
    ratio = spikes / seen[old].counts.spikes_per_sample
    yield _shown("spikes-vs-old-rate", f"spikes of {name} relative to {old} by layer, below 0.01", ratio, ratio < 0.01)
    rates = [seen[each.name] for each in systems.rates]
    rivals = [each.counts.spikes_per_sample for each in rates if _agreement(each, standard) >= AGREES]
    ratio = spikes / min(rivals) if same and rivals else None
    yield _shown(
        "spikes-vs-best-rate",
        f"spikes of {name} relative to the best rate row, both with {AGREES:.1%} of the ANN's decisions, at most 0.15",
        ratio,
        ratio is not None and ratio <= 0.15,
    )


def _agreement(seen: Observation, standard: Tensor) -> float:
    return float((seen.decisions == standard[: len(seen.decisions)]).double().mean())


def _shown(name: str, text: str, measured: float | None, reached: bool) -> Claim:
    """Something the method is for, without a number that was read in the paper."""
    source = "what the method is for; no number of the paper at hand"
    unit = "ratio" if "relative" in text else "fraction"
    return judged(name, text, measured=measured, reached=reached, source=source, unit=unit)


def _papers() -> tuple[Claim, ...]:
    facts = (
        ("latency-vs-burst", "latency relative to burst coding on CIFAR-100", 0.22),
        ("spikes-vs-burst", "spikes relative to burst coding on CIFAR-100, below", 0.01),
    )
    common = {"measured": None, "reached": None, "source": "abstract", "unit": "ratio"}
    reason = "needs CIFAR-100, with burst-spikes beside it"
    return tuple(judged(name, text, paper=number, reason=reason, **common) for name, text, number in facts)
