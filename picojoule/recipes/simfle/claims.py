"""The abstract's claims, which have no numbers, and what is true by construction."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from picojoule.metrics.accuracy import gained
from picojoule.recipes.claims import judged, structural
from picojoule.recipes.simfle.plan import BYOL, FULL, MAE, PIXELS, PLANS, RANDOM, Condition, start
from picojoule.recipes.simfle.probing import Judged, Point
from picojoule.result import Claim
from picojoule.train.self_supervision import SimFLE

_SOURCE = "abstract, without a number"
_OURS = "ours: the least that features have to beat"
_OTHERS = (BYOL, MAE, RANDOM)


def claims(probed: Mapping[Condition, Judged], scratch: Judged, tuned: Judged) -> tuple[Claim, ...]:
    """All of them."""
    full = probed[FULL]
    pixels = probed[PIXELS]
    other = max((probed[each] for each in _OTHERS), key=lambda each: each.best.accuracy)
    return (
        *_by_construction(),
        _better("better-than-supervised", "a linear layer on its features", full.best, scratch.best, scratch.name),
        _better("better-than-others", "a linear layer on its features", full.best, other.best, other.name),
        _better(
            "better-than-pixels", "a linear layer on its features", full.best, pixels.best, pixels.name, source=_OURS
        ),
        _better("better-when-tuned", "the fine-tuned network", tuned.best, scratch.best, scratch.name),
        _better("fewer-labels", "a linear layer on its features", full.points[0], scratch.points[0], scratch.name),
        *_landmarks(probed, scratch),
    )


def _better(name: str, what: str, ours: Point, theirs: Point, system: str, source: str = _SOURCE) -> Claim:
    difference, low, high = gained(ours.hits, theirs.hits)
    return judged(
        name,
        f"accuracy of {what} less that of {system}, {ours.labels} labels, above 0 beyond chance",
        measured=difference,
        reached=low > 0,
        source=source,
        reason=f"95 % interval {100 * low:+.1f} to {100 * high:+.1f} points, one seed",
    )


def _landmarks(probed: Mapping[Condition, Judged], scratch: Judged) -> tuple[Claim, ...]:
    """Unknown without landmarks."""
    full, marks = probed[FULL], probed[FULL].landmarks
    known = {
        each.name: each.distance
        for each in (scratch, *(probed[c] for c in (PIXELS, *_OTHERS)))
        if each.distance is not None
    }
    theirs = probed[BYOL].landmarks
    if marks is None or marks.mean is None or theirs is None or full.distance is None:
        return ()
    nearest = min(known, key=known.__getitem__)
    return (
        judged(
            "finds-landmarks",
            f"error of landmarks from its features over that from {nearest}'s, the best other, below 1",
            measured=full.distance / known[nearest],
            reached=full.distance < known[nearest],
            source=_SOURCE,
            unit="ratio",
        ),
        judged(
            "masks-know-faces",
            "share of kept patches that hold a landmark, over the larger of any patch's and of those where byol's"
            " features are largest, above 1",
            measured=marks.mean / max(marks.chance, theirs.activations),
            reached=marks.mean > max(marks.chance, theirs.activations),
            source="abstract: the mask learns where faces tell something",
            unit="ratio",
        ),
    )


def _by_construction() -> tuple[Claim, ...]:
    plan = PLANS["smoke"]
    model = SimFLE(*start(plan, 7, 0), hidden=16, outputs=8, choices=FULL.grouped(plan.groups).choices)  # type: ignore[arg-type]
    views = torch.rand(4, 3, 3, plan.side, plan.side, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        terms = model(views)
    backbone = list(model.backbone.parameters())
    return (
        structural(
            "kept-patches",
            "patches kept of 49",
            target=12,
            measured=model.mask(views[:, 0]).kept.shape[1],
            unit="patches",
        ),
        structural(
            "fine-branch-is-cut",
            "parameters of the backbone that rebuilding and grouping give a gradient",
            target=0,
            measured=_reached(terms.rebuilding + terms.grouping, backbone),
            unit="parameters",
        ),
        structural(
            "distillation-reaches",
            "parameters of the backbone's maps that distillation gives no gradient",
            target=0,
            measured=len(backbone) - 2 - _reached(terms.agreement, backbone),  # the last layer's two make no maps
            unit="parameters",
        ),
    )


def _reached(loss: Tensor, parameters: list[nn.Parameter]) -> int:
    found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    return sum(each is not None and bool(each.any()) for each in found)
