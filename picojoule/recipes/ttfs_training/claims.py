"""The paper's claims, and what is true by construction."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean, stdev

from picojoule.measurement import Observation
from picojoule.recipes.claims import judged, structural
from picojoule.recipes.seeds import Seeds
from picojoule.recipes.ttfs_training.conditions import FAST, FREE, SPARSE, SPARSEST, TRAINED, Condition
from picojoule.result import Claim

_NO_NUMBER = "abstract, without a number"
_FEW = 0.2


def claims(
    done: Mapping[Condition, Seeds[Condition]], ann: Observation, differing: tuple[int, int], latency: tuple[int, int]
) -> tuple[Claim, ...]:
    """All of them.

    Args:
        done: the trained networks.
        ann: what the dense ANN did.
        differing: neurons whose spike times differ between surrogate and stepped network, and all.
        latency: steps of a trained network, and what the formula says.
    """
    dense = ann.accuracy or 0.0
    return (
        structural(
            "surrogate-equals-network",
            f"neurons of the stepped network that fire at another step than the surrogate says, of {differing[1]}",
            target=0,
            measured=differing[0],
            unit="neurons",
        ),
        structural(
            "latency", "steps: windows one after the other", target=latency[1], measured=latency[0], unit="steps"
        ),
        judged(
            "accuracy",
            "accuracy of the ANN less that of the trained network at T=8, τ₀=2, at most 0.005",
            measured=dense - done[TRAINED].accuracy,
            reached=dense - done[TRAINED].accuracy <= 0.005,
            source=_NO_NUMBER,
        ),
        *_sparser(done, dense),
        *_regularised(done),
        _cited(),
    )


def _sparser(done: Mapping[Condition, Seeds[Condition]], dense: float) -> tuple[Claim, ...]:
    before, after, fewest = done[TRAINED], done[SPARSE], done[SPARSEST]
    cut = 1 - fmean(after.spikes_per_neuron) / fmean(before.spikes_per_neuron)
    lost = before.accuracy - after.accuracy
    return (
        judged(
            "kernel-aware-cuts-spikes",
            f"share of spikes the kernel-aware penalty saves, at least 0.15, for at most 0.003 accuracy ({lost:.4f})",
            measured=cut,
            reached=cut >= 0.15 and lost <= 0.003,
            source=_NO_NUMBER,
        ),
        judged(
            "few-spikes",
            f"spikes a neuron with it at τ₀=4, below {_FEW}, within 0.005 of the ANN ({dense - fewest.accuracy:.4f})",
            measured=fmean(fewest.spikes_per_neuron),
            reached=fmean(fewest.spikes_per_neuron) < _FEW and dense - fewest.accuracy <= 0.005,
            source=_NO_NUMBER,
        ),
    )


def _regularised(done: Mapping[Condition, Seeds[Condition]]) -> tuple[Claim, ...]:
    """Reached where at least two of three seeds lose a point without R."""
    losses = [a - b for a, b in zip(done[FAST].accuracies, done[FREE].accuracies, strict=True)]
    spread = f" (± {stdev(losses):.4f} over {len(losses)} seeds)" if len(losses) > 1 else ""
    return (
        judged(
            "regulariser-needed",
            f"accuracy lost without R, kernels ten times as fast, at least 0.01 in two of three seeds{spread}",
            measured=fmean(losses),
            reached=3 * sum(each >= 0.01 for each in losses) >= 2 * len(losses),
            source=_NO_NUMBER,
        ),
    )


def _cited() -> Claim:
    return judged(
        "vgg16-cifar10",
        "accuracy of VGG-16 on CIFAR-10",
        measured=None,
        reached=None,
        source="from memory, as later papers cite it",
        paper=0.919,
        reason="needs CIFAR-10: picojoule run ttfs-training --full --data cifar-10/",
    )
