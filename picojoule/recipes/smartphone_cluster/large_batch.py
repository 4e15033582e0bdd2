"""What growing batches do to accuracy: SGD and LARS, both with warm-up, each with a rate chosen on held-out images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from picojoule.base.progress import track
from picojoule.data.vision import Dataset, Images
from picojoule.recipes.smartphone_cluster.plan import Plan
from picojoule.train import Shuffled, Validation, fit
from picojoule.train.lars import Lars
from picojoule.train.schedule import cosine, warm_up

OPTIMISERS = {"sgd": partial(torch.optim.SGD, momentum=0.9), "lars": Lars}
"""By name; both take a rate."""
WARM_UP = partial(warm_up, rise=0.2, then=cosine)


def network(images: Tensor, classes: int) -> nn.Sequential:
    """A small convolutional network for pictures ``[n, c, h, w]`` at half their size."""
    return nn.Sequential(
        nn.AvgPool2d(2),
        *(nn.Conv2d(images.shape[1], 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(32 * 16, classes)),
    )


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Learnt:
    """A training.

    Attributes:
        optimiser, batch, rate: how; the rate is that of the best score, of those tried.
        model: what was learnt.
        score: of the held-out images.
        accuracy: of the test images.
        steps: all of them.
        steps_to_target: until the held-out images first reach the target, between two epochs on a straight line; None
            if never.
    """

    optimiser: str
    batch: int
    rate: float
    model: nn.Module
    score: float
    accuracy: float
    steps: int
    steps_to_target: float | None

    @property
    def name(self) -> str:
        """Of its row."""
        return f"{self.optimiser} batch={self.batch}"


def learn(plan: Plan, data: Dataset, seed: int, optimisers: Iterable[str] = tuple(OPTIMISERS)) -> list[Learnt]:
    """Every optimiser at every batch, the best of its rates.

    Args:
        plan: batches, rates, epochs.
        data: learnt, held out and tested.
        seed: of weights and order.
        optimisers: their names.
    """
    held_out = min(plan.held_out, len(data.train) // 4)
    chooser, learnt = data.train.take(held_out), data.train.select(torch.arange(held_out, len(data.train)))
    cells = [(name, batch) for batch in plan.learnt_batches for name in optimisers]
    return [
        max(_runs(plan, data, learnt, chooser, name, batch, seed), key=lambda each: each.score)
        for name, batch in track(cells, "learning with growing batches", total=len(cells))
    ]


def _runs(
    plan: Plan, data: Dataset, learnt: Images, chooser: Images, name: str, batch: int, seed: int
) -> Iterator[Learnt]:
    source = Shuffled(samples=learnt, size=min(batch, len(learnt)))
    for rate in plan.rates[name]:
        torch.manual_seed(seed)
        model = network(data.train.images, data.classes)
        history = fit(
            model,
            lambda model, x, y: cross_entropy(model(x), y, label_smoothing=0.1),
            source,
            epochs=plan.learnt_epochs,
            optimiser=partial(OPTIMISERS[name], lr=rate),
            schedule=WARM_UP,
            validation=Validation(score=partial(accuracy, samples=chooser), keep_best=False),
            seed=seed,
            what=f"{name} batch={batch} lr={rate:g}",
        )
        model.eval()
        yield Learnt(
            optimiser=name,
            batch=batch,
            rate=rate,
            model=model,
            score=history.scores[-1] or 0.0,
            accuracy=accuracy(model, data.test),
            steps=history.steps,
            steps_to_target=crossing([each or 0.0 for each in history.scores], len(source), plan.target),
        )


def accuracy(model: nn.Module, samples: Images) -> float:
    """The share of right answers."""
    with torch.no_grad():
        hits = [model(x).argmax(1) == y for x, y in _batches(samples)]
    return float(torch.cat(hits).double().mean())


def _batches(samples: Images, size: int = 1000) -> Iterable[tuple[Tensor, Tensor]]:
    return zip(samples.images.split(size), samples.labels.split(size), strict=True)


def crossing(scores: list[float], steps: int, target: float) -> float | None:
    """After how many steps a score that is known after each epoch, and 0 before, first reaches the target."""
    before = 0.0
    for epoch, score in enumerate(scores):
        if score >= target:
            return steps * (epoch + (target - before) / (score - before))
        before = score
    return None
