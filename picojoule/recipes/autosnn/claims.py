"""The paper's claims, and what is true by construction."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean, median

import torch
from torch import nn

from picojoule.models.spiking import Macro
from picojoule.models.spiking.found import AUTOSNN
from picojoule.recipes.autosnn.conditions import AVERAGED, HANDMADE, LAMBDA, MAXIMUM, WHOLE, Design
from picojoule.recipes.autosnn.networks import Trained
from picojoule.recipes.autosnn.searching import Searched
from picojoule.recipes.claims import judged, structural
from picojoule.result import Claim

_CODE = "the authors' public code"
_MEMORY = "from memory of the paper"
FEWER, WITHIN, FASTER = 0.2, 0.01, 2.5
"""What counts as reached here: spikes saved, accuracy given for it, and how many times less time."""


def claims(
    searched: Searched | None, done: Mapping[str, Trained], study: Mapping[Design, Trained]
) -> tuple[Claim, ...]:
    """All of them.

    Args:
        searched: the search; None where the published architecture was trained without one.
        done: networks trained anew, by what they are: ``aware``, ``blind`` (λ = 0) and the blocks of hand-made ones.
        study: a network in every macro design.
    """
    with torch.device("meta"):
        parameters = sum(each.numel() for each in Macro(channels=16).network(AUTOSNN).parameters())
    return (
        structural(
            "average-is-silent",
            "spikes a sample of the released neurons behind averages, which cannot reach their threshold",
            target=0,
            measured=_behind_averages(study),
            unit="spikes",
        ),
        structural(
            "parameters",
            f"thousand parameters of the published architecture at C=16, as its blocks in {_CODE} have",
            target=418,
            measured=round(parameters / 1e3),
            unit="thousand",
        ),
        *(_of_search(searched, done) if searched is not None else ()),
        *_of_baselines(done),
        *_of_designs(study),
        judged(
            "cifar10",
            "accuracy of the published architecture at C=128 on CIFAR-10",
            measured=None,
            reached=None,
            source=_MEMORY,
            paper=0.9315,
            reason="needs CIFAR-10 and days: picojoule run autosnn --full --data cifar-10/ has C=16",
        ),
    )


def _of_search(searched: Searched, done: Mapping[str, Trained]) -> tuple[Claim, ...]:
    regrets = {name: median(each) for name, each in searched.regrets(LAMBDA).items()}
    seeds = len(searched.trails["evolution"])
    aware, blind = done["aware"], done["blind"]
    saved, lost = _saved(aware, blind), blind.accuracy - aware.accuracy
    return (
        structural(
            "shared-equals-alone",
            f"networks whose score changes when common beginnings run once, of {len(searched.alone)}",
            target=0,
            measured=searched.differing,
            unit="networks",
        ),
        _judged(
            "shared-is-faster",
            f"times less wall time for all {len(searched.table)} networks than path by path "
            f"(from {len(searched.alone)} of them), at least {FASTER}",
            searched.seconds_alone / searched.seconds if searched.seconds else None,
            lambda value: value >= FASTER,
            unit="ratio",
            reason="scores came from a journal or from other processes",
        ),
        _judged(
            "evolution-below-random",
            f"median regret of evolution less that of random search, {seeds} seeds "
            f"(tpe: {regrets['tpe'] - regrets['random']:+.4f}), below 0",
            regrets["evolution"] - regrets["random"],
            lambda value: value < 0,
            unit="fitness",
        ),
        _judged(
            "spike-aware-fewer",
            f"share of spikes the winner at λ={LAMBDA} saves beside that at λ=0, both trained anew, at least {FEWER} "
            f"within {WITHIN} accuracy ({lost:+.4f} lost)",
            saved,
            lambda value: value >= FEWER and lost <= WITHIN,
        ),
    )


def _of_baselines(done: Mapping[str, Trained]) -> tuple[Claim, ...]:
    """Against the hand-made network that is most accurate."""
    found = done["aware"]
    rival = max((done[name] for name in HANDMADE), key=lambda each: each.accuracy)
    saved, lost = _saved(found, rival), rival.accuracy - found.accuracy
    return (
        _judged(
            "beats-handmade",
            f"share of spikes it saves beside the most accurate hand-made network of its width "
            f"({rival.entrant.name}), above 0 within {WITHIN} accuracy ({lost:+.4f} lost)",
            saved,
            lambda value: value > 0 and lost <= WITHIN,
        ),
    )


def _of_designs(study: Mapping[Design, Trained]) -> tuple[Claim, ...]:
    """Against the best of the averages that can fire."""
    found = study[MAXIMUM]
    made = []
    for name, what, others in (
        ("maximum-not-average", "average pools", AVERAGED),
        ("no-global", "a global average", WHOLE),
    ):
        best = max((study[each] for each in others if not each.silent), key=lambda each: each.accuracy)
        more = -_saved(best, found)
        made.append(
            _judged(
                name,
                f"accuracy of maximum pools less that of {what} at their best ({best.entrant.name}; "
                f"{more:+.0%} spikes), above 0 with fewer spikes",
                found.accuracy - best.accuracy,
                lambda value, more=more: value > 0 and more > 0,
                source=f"{_MEMORY}, without a number",
            )
        )
    return tuple(made)


def _behind_averages(study: Mapping[Design, Trained]) -> float:
    """Spikes a sample of neurons right behind an average, in designs with the released ones."""
    total = 0.0
    for found in (each for design, each in study.items() if design.silent):
        averages = {name for name, each in found.modules[0].named_modules() if isinstance(each, nn.AvgPool2d)}
        counts = found.counts[0]
        total += sum(layer.spikes for layer in counts.layers if layer.name in averages) / counts.samples
    return total


def _saved(one: Trained, other: Trained) -> float:
    """Share of the other's spikes; nothing is saved beside a silent network."""
    return 1 - fmean(one.spikes) / fmean(other.spikes) if any(other.spikes) else 0.0


def _judged(name, text, measured, reached, *, unit="fraction", reason=None, source="no number known; the bar is ours"):  # type: ignore[no-untyped-def]
    known = measured is not None
    return judged(
        name,
        text,
        measured=measured,
        reached=reached(measured) if known else None,
        source=source,
        unit=unit,
        reason=None if known else reason,
    )
