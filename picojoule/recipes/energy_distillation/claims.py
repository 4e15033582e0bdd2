"""The paper's claims, and what is true by construction."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean, stdev

import torch

from picojoule.recipes.claims import judged, structural
from picojoule.recipes.energy_distillation.conditions import ALONE, COMPARED, EQUAL, EQUALS, Condition
from picojoule.recipes.seeds import Seeds
from picojoule.result import Claim
from picojoule.train.distillation import distillation

_FEWER, _PAPERS = 0.4, 0.65
"""The share of spikes to be saved that counts as reached here, and the abstract's."""


def claims(done: Mapping[Condition, Seeds[Condition]]) -> tuple[Claim, ...]:
    """All of them, from the students of every condition with several seeds."""
    raised = fmean(done[EQUAL].spikes) / fmean(done[ALONE].spikes) - 1
    best, equal = _best_split(done)
    saved, gained = _saved(best, equal), best.accuracy - equal.accuracy
    return (
        structural(
            "equal-is-usual",
            "gradients that differ between τ 4/4 and τ²·KL of softened outputs, of 40",
            target=0,
            measured=_gradients_that_differ(),
            unit="count",
        ),
        judged(
            "conventional-raises-spikes",
            "share of spikes that distillation with equal temperatures adds to learning from labels",
            measured=raised,
            reached=raised > 0,
            source="abstract, without a number",
        ),
        judged(
            "fewer-spikes",
            f"share of spikes that split temperatures save beside equal ones, at least {_FEWER} and no accuracy"
            f" lost ({best.condition.name})",
            measured=saved,
            reached=saved >= _FEWER and gained >= 0,
            source="abstract, MNIST",
            paper=_PAPERS,
        ),
        judged(
            "more-accurate",
            f"accuracy that split temperatures gain, above the seeds' spread ({best.condition.name})",
            measured=gained,
            reached=gained > _spread(equal, best),
            source="abstract, MNIST, up to",
            paper=0.0009,
        ),
    )


def _best_split(done: Mapping[Condition, Seeds[Condition]]) -> tuple[Seeds[Condition], Seeds[Condition]]:
    """The split that saves most spikes of those that lose no accuracy, and the equal temperatures it stands beside; of
    none that does the most accurate."""
    pairs = [(done[c], done[EQUALS[c.output]]) for c in COMPARED if c.splits]
    keeping = [(split, equal) for split, equal in pairs if split.accuracy >= equal.accuracy]
    if keeping:
        return max(keeping, key=lambda pair: _saved(*pair))
    return max(pairs, key=lambda pair: pair[0].accuracy - pair[1].accuracy)


def _saved(one: Seeds[Condition], other: Seeds[Condition]) -> float:
    return 1 - fmean(one.spikes) / fmean(other.spikes)


def _spread(*taught: Seeds[Condition]) -> float:
    """Two standard errors of the difference between means over seeds; nothing is known of one seed."""
    if any(len(each.accuracies) < 2 for each in taught):
        return 0.0
    return 2 * sum(stdev(each.accuracies) ** 2 / len(each.accuracies) for each in taught) ** 0.5


def _gradients_that_differ() -> int:
    """With τ_S = τ_T the loss is the usual one: gradient τ·(q − p) a sample."""
    generator = torch.Generator().manual_seed(0)
    z_T, z_S = (torch.randn(4, 10, generator=generator, dtype=torch.float64) for _ in range(2))
    z_S.requires_grad_()
    loss = distillation(_Says(z_T), temperature=4.0)(_Says(z_S), z_T, torch.zeros(4).long())
    (found,) = torch.autograd.grad(loss, z_S)
    due = 4.0 * ((z_S / 4).softmax(-1) - (z_T / 4).softmax(-1)) / len(z_S)
    return int(((found - due).abs() > 1e-12).sum())


class _Says(torch.nn.Module):
    """A module that gives the same outputs whatever it sees."""

    def __init__(self, outputs: torch.Tensor) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, _x: torch.Tensor) -> torch.Tensor:
        return self.outputs
