"""The paper's claims, and what is true by construction.

Numbers of the abstract were read; those of its tables are from memory and said to be so. Energy is worked out in the
paper's two forms, each with the counts it leaves out beside it.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from picojoule.codes import Rate
from picojoule.conversion.normalise import agreed, normalise
from picojoule.conversion.pipeline import reference_of
from picojoule.cost import Counts
from picojoule.cost.profiles import HOROWITZ_FP32_OPS
from picojoule.engines import run
from picojoule.ir import ReLU
from picojoule.recipes.claims import judged, structural
from picojoule.recipes.spiking_yolo.conditions import CHANNEL, LAYER, RECTIFIED, System
from picojoule.recipes.spiking_yolo.watch import Watched, steps_to
from picojoule.result import Claim

_ABSTRACT, _MEMORY, _OURS = "abstract", "from memory", "ours, after the paper's direction (from memory)"
KEEPS = 0.98
_REACHED, _COLLAPSED, _FASTER = 0.97, 0.5, 2.0
_GPU_FLOP_PER_JOULE = 14e12 / 250
"""A V100-class card: 14 TFLOP/s at 250 W (assumption)."""
_CHIP_SYNOPS_PER_JOULE = 400e9
"""TrueNorth at its best, as the paper's kind of estimate takes it (assumption)."""


def claims(
    done: Mapping[System, Watched], tuned: Watched, fewest: Watched, ann: Watched, differing: int
) -> tuple[Claim, ...]:
    """All of them.

    Args:
        done: every system of the ablation, on the same scenes as the ANN.
        tuned: the channel-wise signed one with two-phase thresholds.
        fewest: that with one threshold and the fewest steps that keep 98 %, whose energy is compared.
        ann: the dense ANN.
        differing: outputs of the channel-wise normalised ANN that are not the ANN's.
    """
    kept, rectified = (done[each].share_of(ann) for each in (CHANNEL, RECTIFIED))
    return (
        structural("norm-is-exact", "outputs that scales per channel change in the dense network",
                   target=0, measured=differing, unit="outputs"),
        structural("signed-neuron", "constant drives that a signed neuron carries worse than to 1/T",
                   target=0, measured=_carried_worse(), unit="drives"),
        judged("keeps-map", "share of the ANN's mAP50 that channel norm, the signed neuron and the membrane keep, "
               f"at least {_REACHED} (paper: of Tiny YOLO's mAP on VOC and COCO)", measured=kept,
               reached=(kept or 0.0) >= _REACHED, source=_ABSTRACT, paper=0.98, unit="ratio"),
        judged("needs-signed-neuron", "share of the ANN's mAP50 that neurons without spikes below zero keep, below "
               f"{_COLLAPSED}", measured=rectified, reached=rectified is not None and rectified < _COLLAPSED,
               source=_OURS, unit="ratio"),
        _faster("converges-faster", "steps to 98 % of the ANN's mAP50, layer norm over channel norm "
                f"(paper: 2.3 to 4 times earlier methods), at least {_FASTER:g}",
                2.3, _ABSTRACT, done[LAYER], done[CHANNEL], ann),
        _faster("two-phase-faster", "steps to 98 % of the ANN's mAP50, one threshold over two-phase thresholds, at "
                f"least {_FASTER:g}", 2.0, f"{_MEMORY}, of the follow-up", done[CHANNEL], tuned, ann),
        *_energy(fewest.counts, ann.counts),
        *_not_here(),
    )  # fmt: skip


def _carried_worse(steps: int = 64, slope: float = 0.1) -> int:
    """Of 2001 drives from −1 to 1, those whose decoded value is off from the leaky ReLU's by more than 1/T."""
    u = torch.linspace(-1, 1, 2001, dtype=torch.float64)
    aim = torch.where(u < 0, slope * u, u)
    value = Rate(steps=steps, initial=0.0, slope=slope).value(u)
    return int(((value - aim).abs() > 1 / steps + 1e-9).sum())


@torch.inference_mode()
def changed_by_scales(model: torch.nn.Module, images: torch.Tensor) -> int:
    """How many outputs of the dense network move by more than rounding when scales per channel, drawn at random from
    0.1 to 10, are folded into its weights.

    Args:
        model: the detector.
        images: a few pictures.
    """
    network = reference_of(model, images[:1], coded_input=False)
    generator = torch.Generator().manual_seed(0)
    scales = {node.name: 10 ** (2 * torch.rand(node.shape[0], generator=generator) - 1) for node in network.all(ReLU)}
    scales["input"] = torch.ones(network.input.shape[0])
    changed = normalise(network, agreed(network, scales))
    expected, found = (run(each, images, count=False).values for each in (network, changed))
    return int(((found - expected).abs() > 1e-4 * expected.abs().max()).sum())


def _faster(name: str, text: str, paper: float, source: str, slow: Watched, fast: Watched, ann: Watched) -> Claim:
    """A ratio of steps; where the slow one never gets there, the least that it can be."""
    first, second = (steps_to(each.curve("membrane"), KEEPS * ann.best) for each in (slow, fast))
    told = " and ".join(
        f"{each.network.name}: {'not within its steps' if steps is None else f'{steps} steps'}"
        for each, steps in ((slow, first), (fast, second))
    )
    common = {"source": source, "paper": paper, "unit": "ratio"}
    if second is None or not ann.best:
        return judged(
            name, text, measured=None, reached=False, reason=told if ann.best else "the ANN finds none", **common
        )
    ratio = (first or slow.last[1]) / second
    words = told if first else f"{told}; the ratio is at least this"
    return judged(name, text, measured=ratio, reached=ratio >= _FASTER, reason=words, **common)


def _energy(counts: Counts, dense: Counts) -> tuple[Claim, ...]:
    prices = HOROWITZ_FP32_OPS.prices
    macs = dense.per_sample("macs")
    spikes, synops, updates, biases, own = (
        counts.per_sample(each) for each in ("spikes", "synops", "state_updates", "bias_adds", "macs")
    )
    at = f"at T={counts.steps}"
    mac, add = prices["mac"].joules, prices["add"].joules
    chip = (2 * macs / _GPU_FLOP_PER_JOULE) / (synops / _CHIP_SYNOPS_PER_JOULE)
    every = mac * macs / (mac * own + add * (spikes + synops + updates + biases))
    alone, fanned = (mac * macs / (add * each) for each in (spikes, synops))
    return (
        judged("op-count", f"joules of the ANN's MACs over those of one addition a spike {at}, no other count priced: "
               "the only form in which 2,000 is possible", measured=alone, reached=alone >= 2000, source=_MEMORY,
               paper=2000, unit="ratio"),
        judged("op-count-synops", "the same with one addition a synaptic operation", measured=fanned,
               reached=fanned >= 1, source=_OURS, unit="ratio"),
        judged("op-count-all", "the same with spikes, synops, state updates, bias adds and the first layer's MACs",
               measured=every, reached=every >= 1, source=_OURS, unit="ratio"),
        judged("chip", "joules of a GPU's operations over those of a neuromorphic chip's synaptic operations "
               f"({spikes:.3g} spikes, {synops:.3g} synops, {updates:.3g} state updates, {biases:.3g} bias adds "
               "a picture)", measured=chip, reached=chip >= 280, source=_ABSTRACT, paper=280, unit="ratio"),
    )  # fmt: skip


def _not_here() -> tuple[Claim, ...]:
    """The paper's mAP by data set: ANN, and spiking."""
    numbers = {"voc": ("PASCAL VOC", 53.01, 51.83), "coco": ("MS COCO", 26.24, 25.66)}
    return tuple(
        judged(
            f"{data}-{kind}",
            f"mAP of {system} on {title}",
            measured=None,
            reached=None,
            source=f"{_MEMORY}; their ratio agrees with the abstract's 98 %",
            paper=value / 100,
            reason=f"needs {title}: picojoule run spiking-yolo --full --data FOLDER",
        )
        for data, (title, *both) in numbers.items()
        for (kind, system), value in zip((("ann", "Tiny YOLO"), ("spiking", "Spiking-YOLO")), both, strict=True)
    )
