"""What the paper claims, and what is true by construction of the measure."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean

import torch

from picojoule.cost.machines import MEMORY_NETWORK_OPS
from picojoule.cost.price import price_actions
from picojoule.cost.profiles import HOROWITZ_FP32, HOROWITZ_INT8
from picojoule.models.memory.counting import FP32, HAMMING8, actions, arithmetic
from picojoule.quant import Fixed, Hamming, stack
from picojoule.recipes.claims import at_least, judged, structural
from picojoule.recipes.q_mann.networks import SAME, Bench, Found, Sweep
from picojoule.recipes.q_mann.plan import BINARIES, CONTROLLED, DOT, HAMMING
from picojoule.recipes.q_mann.rows import joules, mean_error
from picojoule.result import Claim

_READ = "abstract, read"
_CODES = 256


def claims(benches: list[Bench], swept: list[dict[str, Sweep]], done: list[Found]) -> tuple[Claim, ...]:
    """All claims."""
    ours = mean_error(done, CONTROLLED.name)
    plain, hamming = (mean_error(done, each.name) for each in BINARIES)
    whole = joules(benches, "ann fp32")[0] / joules(benches, CONTROLLED.name)[0]
    fp32, eight = (fmean(each) for each in zip(*map(_released, benches), strict=True))
    formats = ", ".join(f"IWL {each}" for each in sorted({found[SAME].iwl or 0 for found in done}))
    same, own = (1 - _share(ours, mean_error(done, name)) for name in (SAME, DOT.name))
    of_the_paper = (
        ("error-8-bit", f"error saved by Q-MANN against dot in the same formats ({formats})", 0.46, same, "fraction"),
        ("error-8-bit-own", "error saved by Q-MANN against dot in its own best formats", 0.46, own, "fraction"),
        ("error-binary", "error saved by Hamming, binary weights", 0.30, 1 - _share(hamming, plain), "fraction"),
        ("energy", f"computation energy, fp32 over 8 bits, {_FORM}", 22.0, fp32 / eight, "ratio"),
        ("energy-whole", "the same as run here, softmax and answer in fp32 included", 22.0, whole, "ratio"),
    )
    by_construction = (
        ("multiply-over-add", "10 × fp32 multiplication over int8 addition", 1233, round(10 * _multiply_over_add())),
        ("closed-form", "pairs of codes whose similarity is not that of their bits", 0, pairs_that_differ()),
        ("bounded", "pairs of codes whose similarity is 2^c or more in size", 0, pairs_beyond()),
    )
    return (
        *(at_least(i, text, paper=p, source=_READ, measured=m, unit=u) for i, text, p, m, u in of_the_paper),
        _collapse(swept),
        *(structural(i, text, target=target, measured=n, unit="count") for i, text, target, n in by_construction),
    )


_FORM = "what is quantised of the released form (bags of words, E=60, Hamming)"


def _released(bench: Bench) -> tuple[float, float]:
    """Joules of what is quantised in the released form, in fp32 and in eight bits with the Hamming measure."""
    form = replace(bench.form, positions=False, embedding=_RELEASED_E)
    found = [actions(form, bench.load, width, quantised_only=True) for width in (FP32, HAMMING8)]
    fp32, eight = (price_actions(arithmetic(each), MEMORY_NETWORK_OPS).joules for each in found)
    return fp32, eight


_RELEASED_E = 60


def _share(error: float, of: float) -> float:
    return error / of if of else 1.0


def _collapse(swept: list[dict[str, Sweep]]) -> Claim:
    """How far the worst format is above the best: dot, less Hamming, the mean over tasks."""

    def spread(sweep: Sweep) -> float:
        errors = [outcome.test for outcome in sweep.kept.values()]
        return max(errors) - min(errors)

    dot, hamming = (fmean(spread(each[s.name]) for each in swept) for s in (DOT, HAMMING))
    return judged(
        "dot-collapses",
        f"worst less best format over the sweep, dot less Hamming (dot {dot:.3f}, Hamming {hamming:.3f})",
        measured=dot - hamming,
        reached=dot - hamming > 0.05,
        source="the paper's argument, without a number",
    )


def _multiply_over_add() -> float:
    multiply = HOROWITZ_FP32.prices["mac"].joules - HOROWITZ_FP32.prices["add"].joules
    return multiply / HOROWITZ_INT8.prices["add"].joules


def _all_pairs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Similarities of all pairs of 8-bit codes; sign bits and magnitudes of the codes."""
    code = torch.arange(_CODES)
    negative, size = code >= _CODES // 2, code % (_CODES // 2)
    value = torch.where(negative, -1.0, 1.0) * size * 2.0**-5  # also −0
    grid = stack([Fixed(iwl=2, frac=5)])
    m = value[:, None, None].expand(_CODES, _CODES, 1, 1).contiguous()
    return Hamming().similarity(m, value[:, None, None], grid)[..., 0], negative, size


def pairs_that_differ() -> int:
    """Pairs of 8-bit codes for which the closed form is not the sum over bits."""
    found, negative, size = _all_pairs()
    sign = torch.where(negative[:, None] ^ negative, -1.0, 1.0)
    bits = sum(2.0 ** (k - 7) * ((size[:, None] >> k & 1) == (size >> k & 1)).double() for k in range(7))
    return int((sign * bits * 2.0**-3 != found).sum())


def pairs_beyond() -> int:
    """Pairs beyond the bound."""
    return int((_all_pairs()[0].abs() >= 2.0**-3).sum())
