"""An arm's network: made, trained, and looked at on the test pictures."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import final

import torch
from torch import Tensor, nn

from picojoule.base.progress import say, track
from picojoule.models.vision.m2former import Design, M2Former, answer
from picojoule.models.vision.mvit import STAGES, MViT, MViTClassifier
from picojoule.models.vision.mvit.checkpoints import load_backbone
from picojoule.models.vision.pyramid import Pyramid
from picojoule.models.vision.small import WIDTH, start
from picojoule.recipes.m2former.conditions import Arm, Plan
from picojoule.recipes.m2former.material import Material
from picojoule.recipes.settings import Settings
from picojoule.train import Shuffled, fit
from picojoule.train.augment import RandomCrop, RandomFlip
from picojoule.train.schedule import one_cycle
from picojoule.train.smoothing import graded


@final
class Heads(nn.Module):
    """A network of one head, as one of several: logits ``[1, batch, classes]``."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """Logits of pictures."""
        return self.inner(x)[None]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """An arm and what it does on the test pictures.

    Attributes:
        arm: which.
        model: from pictures to logits ``[heads, batch, classes]``.
        answers: probabilities of every head ``[heads, samples, classes]``.
        labels: of the samples.
    """

    arm: Arm
    model: nn.Module
    answers: Tensor
    labels: Tensor

    @property
    def right(self) -> Tensor:
        """Which decisions are right, bool ``[samples]``."""
        return self.answers.sum(0).argmax(1) == self.labels

    @property
    def accuracy(self) -> float:
        """Share of right decisions."""
        return float(self.right.double().mean())

    @property
    def of_heads(self) -> list[float]:
        """The accuracy of each head, and of their sum."""
        return [*(self.answers.argmax(2) == self.labels).double().mean(1).tolist(), self.accuracy]


def train(arm: Arm, material: Material, plan: Plan, settings: Settings) -> Trained:
    """Train an arm from the start that all have, and look at the test pictures once, at the end."""
    model = make(arm, len(material.classes), plan, settings)
    source = Shuffled(samples=material.train, size=min(plan.batch, len(material.train)))
    fit(
        model.to(settings.device),
        graded(_peaks(model)),
        source,
        epochs=plan.passes(len(source)),
        optimiser=_optimiser(plan),
        schedule=partial(one_cycle, rise=plan.rise),
        clip=1.0,
        augment=partial(_cut_and_flipped, plan.pixels) if material.larger else None,
        seed=settings.seed,
        folder=settings.kept(arm.name),
        what=arm.name,
    )
    model.eval()
    return Trained(
        arm=arm,
        model=model,
        answers=look(model, material, settings),
        labels=material.labels[: len(material.test)],
    )


def make(arm: Arm, classes: int, plan: Plan, settings: Settings) -> nn.Module:
    """The arm's network: new heads on a body that has seen other pictures."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        if arm.kind == "pyramid":
            return Heads(start(Pyramid(WIDTH, classes), "pyramid", settings.weights))
        backbone = started(plan, settings)
        if arm.kind == "token":
            return Heads(MViTClassifier(backbone, classes))
        return M2Former(backbone, classes, arm.design(plan.design))


def started(plan: Plan, settings: Settings) -> MViT:
    """The transformer with the weights of the package, of ``--train``, or of a public checkpoint in the full mode."""
    backbone = MViT(plan.size, pixels=plan.pixels, drop_path=0.0 if plan.adam else 0.3)
    if settings.mode != "full":
        return start(backbone, "mvit", settings.weights)
    if settings.weights is None:
        say("no checkpoint was given, so the transformer starts from nothing; the paper's has seen ImageNet-21k")
        return backbone
    return load_backbone(backbone, settings.weights, positions="reset")


@torch.no_grad()
def look(model: nn.Module, material: Material, settings: Settings) -> Tensor:
    """Probabilities of every head for the test pictures ``[heads, samples, classes]``."""
    found = [model(x.to(settings.device)).softmax(-1).cpu() for x in batches(material, settings.batch, "testing")]
    return torch.cat(found, dim=1)


def batches(material: Material, size: int, what: str) -> Iterator[Tensor]:
    """The test pictures."""
    for index in track(torch.arange(len(material.test)).split(size), what):
        yield material.test.pick(index)[0]


def with_design(model: M2Former, design: Design) -> M2Former:
    """The same weights with another design; only numbers of patches may differ."""
    other = copy.copy(model)
    other.design = design
    return other


def limits(plan: Plan) -> tuple[int, ...]:
    """Patches there are to be selected from, of each stage."""
    return tuple((side // plan.design.merge) ** 2 for side in plan.size.sides(plan.pixels)[:STAGES])


@final
class Answer(nn.Module):
    """A network with its decision: what is counted and timed."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """Sums of probabilities ``[batch, classes]``."""
        return answer(self.model(x))


def _peaks(model: nn.Module) -> tuple[float, ...]:
    return model.design.of_heads if isinstance(model, M2Former) else (1.0,)


def _optimiser(plan: Plan) -> partial[torch.optim.Optimizer]:
    if plan.adam:
        return partial(torch.optim.AdamW, lr=plan.rate, weight_decay=plan.decay)
    return partial(torch.optim.SGD, lr=plan.rate, momentum=0.9, weight_decay=plan.decay)


def _cut_and_flipped(pixels: int, x: Tensor, generator: torch.Generator) -> Tensor:
    return RandomFlip()(RandomCrop(pixels=pixels)(x, generator), generator)
