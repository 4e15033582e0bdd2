"""The paper's claims, and what is true by construction."""

from __future__ import annotations

from math import exp

import torch
from torch import Tensor

from picojoule.codes import TTAS
from picojoule.conversion import disturb
from picojoule.engines import run
from picojoule.ir import Network
from picojoule.measurement.robustness import Scores
from picojoule.noise import Noise
from picojoule.recipes.claims import judged, structural
from picojoule.recipes.noise_robust.grid import DELETED, JITTERED, TAU, Condition
from picojoule.result import Claim

_CONSTANT = 0.41409
"""C of TTAS(5) at τ = 2, in the code of the paper's first author."""
_DRAWS, _SAMPLES = 100_000, 3
_ABSTRACT = "abstract, without a number"


def claims(networks: dict[str, Network], found: dict[Condition, Scores], images: Tensor) -> tuple[Claim, ...]:
    """All of them."""

    def at(system: str, **noise: float) -> Scores:
        return found[Condition(system=system, noise=Noise(**noise), compensated=system in ("ttfs", "ttas"))]

    lost, off = {"deletion": DELETED}, {"jitter": JITTERED}
    bare = found[Condition(system="ttfs", noise=Noise(**lost))]
    burst, single, burst_off = at("ttas", **lost), at("ttfs", **lost), at("ttas", **off)
    least = min(each.noise.deletion for each in found if each.system == "ttas" and each.noise.deletion)
    small = at("ttas", deletion=least)
    phase = found[Condition(system="phase", noise=Noise(**off))]
    rate = found[Condition(system="rate", noise=Noise(**off))]
    return (
        structural(
            "closed-equals-stepped",
            "outputs of the dense pass that differ from the stepped network's under the same draws",
            target=0,
            measured=sum(_different(networks[name], images[:_SAMPLES]) for name in ("ttfs", "ttas")),
            unit="outputs",
        ),
        structural(
            "constant",
            "what one of six spikes carries at τ = 2, C of TTAS(5), to five places (the code of the first author)",
            target=_CONSTANT,
            measured=round(TTAS(steps=12, tau=2.0).share, 5),
            unit="ratio",
        ),
        _variance(),
        judged(
            "ttas-beats-ttfs",
            f"at deletion {DELETED:g} with weight scaling, the lowest seed of TTAS(5) less the highest of TTFS",
            measured=burst.interval[0] - single.interval[1],
            reached=burst.interval[0] > single.interval[1],
            source="what the method is for; no number of the paper at hand",
        ),
        judged(
            "robust-to-deletion",
            f"accuracy TTAS(5) with weight scaling loses from deletion {least:g} to {DELETED:g}, at most 0.02",
            measured=small.mean - burst.mean,
            reached=small.mean - burst.mean <= 0.02,
            source=_ABSTRACT,
        ),
        judged(
            "robust-to-jitter",
            f"accuracy at jitter σ={JITTERED:g}, TTAS(5) less TTFS, both compensated, at least 0",
            measured=burst_off.mean - at("ttfs", **off).mean,
            reached=burst_off.mean >= at("ttfs", **off).mean,
            source=_ABSTRACT,
        ),
        judged(
            "scaling-helps-one-spike",
            f"accuracy TTFS gains by weight scaling at deletion {DELETED:g}, above 0",
            measured=single.mean - bare.mean,
            reached=single.mean > bare.mean,
            source="what the method is for; no number of the paper at hand",
        ),
        judged(
            "clock-suffers-from-jitter",
            f"accuracy at jitter σ={JITTERED:g}, rate less phase, above 0",
            measured=rate.mean - phase.mean,
            reached=rate.mean > phase.mean,
            source="what the codes lead one to expect; no number of the paper at hand",
        ),
    )


def _different(network: Network, images: Tensor) -> int:
    """In float64, where the order of additions moves no spike."""
    noisy = disturb(network.to(str(images.device), "float64"), Noise(deletion=0.3, jitter=1.0))
    closed, stepped = (run(noisy, images, engine=engine, count=False).values for engine in ("closed", "stepped"))
    return int((~torch.isclose(closed, stepped, rtol=1e-5, atol=1e-5)).sum())


def _variance() -> Claim:
    """Σq^{2i}/(Σq^i)² by drawing spikes."""
    code, q = TTAS(steps=24, tau=TAU), exp(-1 / TAU)
    powers = [q**i for i in range(code.further + 1)]
    law = sum(each**2 for each in powers) / sum(powers) ** 2
    place = torch.arange(_DRAWS * len(powers)).view(_DRAWS, -1)
    kept = Noise(deletion=DELETED).kept(torch.zeros(1, dtype=torch.int64), "variance", torch.zeros_like(place), place)
    values = (kept * torch.tensor(code.amplitudes()[: len(powers)])).sum(1).double() / (1 - DELETED)
    measured = float(values.var() / values.mean() ** 2) * (1 - DELETED) / DELETED
    return judged(
        "variance",
        "variance of a value of TTAS(5) under deletion relative to that of TTFS, by drawing, within 3 %",
        measured=measured,
        reached=abs(measured / law - 1) < 0.03,
        source="derived here: Σq^{2i}/(Σq^i)², q = e^{−1/τ}, τ = 2",
        paper=law,
        unit="ratio",
    )
