"""What pre-trained features are worth: a linear layer on few and many labels, neighbours, action units, landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from torch import Tensor, nn

from picojoule.base.progress import say
from picojoule.cost import Counts
from picojoule.cost.training import dense_training, joined
from picojoule.data.vision.faces import Faces
from picojoule.measurement import count_module
from picojoule.metrics.probing import explained, nearest, ridge, standardised
from picojoule.recipes.settings import Settings
from picojoule.recipes.simfle.encoders import Maps
from picojoule.recipes.simfle.landmarks import Landmarks, landmarks
from picojoule.recipes.simfle.material import Material, Samples, unfinished
from picojoule.recipes.simfle.plan import Plan, start
from picojoule.recipes.simfle.pretraining import Learnt
from picojoule.train import Shuffled, fit
from picojoule.train.probes import balanced, features, labels_loss, linear_probe, stacked
from picojoule.train.schedule import one_cycle
from picojoule.train.self_supervision.simfle import Pooled

_LEFT_EYE, _RIGHT_EYE = 4, 5


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """A classifier learnt from so many labels.

    Attributes:
        labels: how many.
        answers: decisions on the test faces, int64 ``[n]``.
        hits: which were right, bool ``[n]``.
        training: (pictures, counts of one) of the work that its training was.
    """

    labels: int
    answers: Tensor
    hits: Tensor
    training: tuple[tuple[int, Counts], ...]

    @property
    def accuracy(self) -> float:
        """Share of right decisions."""
        return float(self.hits.double().mean())


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """A system and what it was found to be worth.

    Attributes:
        name: of the system.
        points: by rising number of labels.
        inference: counts of a picture.
        step: counts of a picture of learning without labels; None where there is none.
        neighbours: accuracy of the five nearest.
        actions: R² of a linear map from the features of all places to the action units; None where unknown.
        distance: mean error of such a map to the landmarks, over the distance of the eyes; likewise.
        deviation: mean deviation of features of unit length; near 0 where they collapsed.
        landmarks: where patches are kept; None without groups, or unknown.
    """

    name: str
    points: tuple[Point, ...]
    inference: Counts
    step: Counts | None = None
    neighbours: float | None = None
    actions: float | None = None
    distance: float | None = None
    deviation: float | None = None
    landmarks: Landmarks | None = None

    @property
    def best(self) -> Point:
        """That of all labels."""
        return self.points[-1]


def probe(learnt: Learnt, material: Material, plan: Plan, settings: Settings) -> Judged:
    """Judge a pre-trained network without changing it."""
    say(f"probing {learnt.condition.name}")
    changes, encoder = [material.normalised, *[material.mild] * (plan.copies - 1)], learnt.encoder()
    train = stacked(encoder, material.train, changes, material.train.labels)
    test, labels = features(encoder, material.test, augment=material.normalised), material.test.labels
    finding, points = count_module(encoder, _picture(material, settings)), []
    for number in numbers(plan, material):
        chosen = train.select(balanced(train.labels, number))
        layer = linear_probe(chosen, classes=len(material.classes), epochs=plan.probe_epochs, seed=settings.seed)
        deciding = count_module(layer, test[:1])
        work = [(number * plan.copies, finding), (number * plan.probe_epochs, dense_training(deciding))]
        points.append(_point(number, layer(test), labels, [*_before(learnt), *work]))
    return Judged(
        name=learnt.condition.name,
        points=tuple(points),
        inference=joined(features=finding, layer=deciding),
        step=learnt.step,
        landmarks=landmarks(learnt, material),
        **_worth(train.copies[0], test, learnt.encoder(everywhere=True), material),
    )


def supervised(material: Material, plan: Plan, settings: Settings, *, before: Learnt | None = None) -> Judged:
    """Train the whole network on labels, from random weights or from pre-trained ones."""
    name = "ann fp32" if before is None else f"{before.condition.name}, fine-tuned"
    points = []
    for number in numbers(plan, material):
        network, _ = start(plan, len(material.classes), settings.seed)
        if before is not None:
            network.load_state_dict(before.network.state_dict())
        kept = unfinished(
            settings, material, "labels", number, plan.tuned_steps, before and before.condition.choices, plan.epochs
        )
        network.to(settings.device)
        seen = _train(network, number, material, plan, settings, kept, f"{name}, {number} labels")
        step = dense_training(count_module(network, _picture(material, settings)))
        answers = features(network, material.test, augment=material.normalised)
        points.append(_point(number, answers, material.test.labels, [*_before(before), (seen, step)]))
    pooled = Pooled(network)
    both = (features(pooled, each, augment=material.normalised) for each in (material.train, material.test))
    return Judged(
        name=name,
        points=tuple(points),
        inference=count_module(network, _picture(material, settings)),
        step=step if before is None else None,
        **_worth(*both, Maps(pooled, everywhere=True), material),
    )


def numbers(plan: Plan, material: Material) -> tuple[int, ...]:
    """The numbers of labels to learn from: at least one a class, and no more than there are."""
    most, least = len(material.train.labels), len(material.classes)
    return tuple(sorted({max(least, min(each or most, most)) for each in plan.labels}))


def _before(learnt: Learnt | None) -> list[tuple[int, Counts]]:
    return [] if learnt is None or learnt.step is None else [(learnt.seen, learnt.step)]


def _point(number: int, answers: Tensor, labels: Tensor, work: list[tuple[int, Counts]]) -> Point:
    decided = answers.argmax(1)
    return Point(labels=number, answers=decided, hits=decided == labels, training=tuple(work))


def _train(
    network: nn.Module, number: int, material: Material, plan: Plan, settings: Settings, kept: Path | None, what: str
) -> int:
    """Train on some labels, in place; how many pictures that were."""
    chosen = _Chosen(material.train, balanced(material.train.labels, number))
    source = Shuffled(samples=chosen, size=min(plan.tuned_batch, number))
    history = fit(
        network,
        labels_loss,
        source,
        epochs=max(1, round(plan.tuned_steps / len(source))),
        optimiser=plan.tuned_optimiser,
        schedule=one_cycle,
        augment=material.mild,
        seed=settings.seed,
        folder=kept,
        what=what,
    )
    network.eval()
    return history.steps * source.size


@final
@dataclass(frozen=True, eq=False)
class _Chosen:
    """Some of the samples."""

    samples: Samples
    index: Tensor

    def __len__(self) -> int:
        return len(self.index)

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        return self.samples.pick(self.index[index])


def _worth(train: Tensor, test: Tensor, places: nn.Module, material: Material) -> dict[str, float | None]:
    """What features of training and of test pictures tell without training; of every place where something is."""
    scaled = standardised(train, test)
    by_neighbours = nearest(scaled[0], material.train.labels, scaled[1])
    found: dict[str, float | None] = {
        "neighbours": float((by_neighbours == material.test.labels).double().mean()),
        "deviation": float(nn.functional.normalize(test).std(0).mean()),
    }
    if material.faces is not None:
        known, tested = material.faces
        x, to = (features(places, each, augment=material.normalised) for each in (known, tested))
        found["actions"] = explained(ridge(x, known.actions)(to), tested.actions)
        found["distance"] = _distance(ridge(x, known.landmarks.flatten(1))(to), tested)
    return found


def _distance(predicted: Tensor, faces: Faces) -> float:
    """Mean distance from the landmarks, over that between the eyes."""
    off = (predicted.view_as(faces.landmarks) - faces.landmarks).norm(dim=2).mean(1)
    eyes = (faces.landmarks[:, _LEFT_EYE] - faces.landmarks[:, _RIGHT_EYE]).norm(dim=1)
    return float((off / eyes).mean())


def _picture(material: Material, settings: Settings) -> Tensor:
    return material.normalised(material.test.pick(torch.arange(1))[0]).to(settings.device)
