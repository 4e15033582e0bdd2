"""What is compared, and how large everything is in each mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import final

import torch

from picojoule.models.vision.masked_autoencoder import MaskedAutoencoder
from picojoule.models.vision.resnet import ResNet
from picojoule.recipes.simfle.encoders import Judged
from picojoule.train.augment import RandomBlur, RandomColour, RandomFlip, RandomPiece
from picojoule.train.fit import OptimiserFactory
from picojoule.train.loop import Augment
from picojoule.train.self_supervision import Choices


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A way to learn without labels.

    Attributes:
        name: of the system.
        choices: what of SimFLE there is; None learns nothing.
        judged: whose features: the backbone's, those of the autoencoder's encoder, or the pixels themselves.
    """

    name: str
    choices: Choices | None
    judged: Judged = "backbone"

    def grouped(self, groups: int) -> Condition:
        """With G scaled to a plan's where it is the paper's 32."""
        if self.choices is None or self.choices.groups != Choices().groups:
            return self
        return replace(self, choices=replace(self.choices, groups=groups))


def _changed(name: str, **choices: object) -> Condition:
    return Condition(name=f"simfle, {name}", choices=Choices(**choices))  # type: ignore[arg-type]


PIXELS = Condition(name="pixels", choices=None, judged="pixels")
RANDOM = Condition(name="random start", choices=None)
BYOL = Condition(name="byol", choices=Choices(rebuild=False))
MAE = Condition(name="mae", choices=Choices(views=False, mask="random", alpha=0.0, beta=0.0), judged="autoencoder")
FULL = Condition(name="simfle", choices=Choices())
COMPARED = (PIXELS, RANDOM, BYOL, MAE, FULL)
"""In every mode."""
ABLATIONS = (
    _changed("random mask", mask="random"),
    _changed("no grouping loss", beta=0.0),
    _changed("lowest patches kept", keep="low"),
    _changed("no distillation", alpha=0.0),
    _changed("α 1", alpha=1.0),
    _changed("β 0.3", beta=0.3),
    _changed("G 4", groups=4),
    _changed("G 16", groups=16),
    _changed("G 64", groups=64),
    _changed("mask ratio 0.5", ratio=0.5),
    _changed("mask ratio 0.9", ratio=0.9),
    _changed("constant start", start="constant"),
    _changed("gradient opened", opened=True),
)
"""In the benchmark."""


@final
@dataclass(frozen=True, kw_only=True)
class Plan:
    """The sizes of a mode.

    Attributes:
        side: pixels of a picture.
        faces: generated faces by part; none where data must be given.
        labels: numbers of labels that probes and training get, rising; None is all.
        backbone: makes the network from the number of classes.
        autoencoder: makes FaceMAE.
        groups, hidden, outputs, momentum: G, sizes of the heads, momentum of the target.
        epochs, batch, optimiser: of learning without labels.
        views: the changes of the views.
        probe_epochs: of the linear layer.
        copies: changes of each picture that it learns from, the plain one included.
        tuned_steps: batches that training with labels has, whatever their number.
        tuned_batch, tuned_optimiser: of it.
    """

    side: int
    faces: Mapping[str, int]
    labels: tuple[int | None, ...]
    backbone: Callable[[int], ResNet]
    autoencoder: Callable[[], MaskedAutoencoder]
    groups: int
    hidden: int
    outputs: int
    momentum: float
    epochs: int
    batch: int
    optimiser: OptimiserFactory
    views: tuple[Augment, ...]
    probe_epochs: int
    copies: int
    tuned_steps: int
    tuned_batch: int
    tuned_optimiser: OptimiserFactory


MILD: tuple[Augment, ...] = (RandomPiece(area=(0.7, 1.0)), RandomFlip())
"""What pictures with labels go through."""
_SGD = partial(torch.optim.SGD, momentum=0.9, weight_decay=1e-4)
_STRONG = (RandomPiece(), RandomFlip(), RandomColour(), RandomBlur())
_MODERATE = (
    RandomPiece(area=(0.4, 1.0)),
    RandomFlip(),
    RandomColour(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
    RandomBlur(most=1.0, probability=0.5),
)


def _small_backbone(classes: int) -> ResNet:
    return ResNet(8, classes, small=True, stride=2, widths=(16, 32, 128))


QUICK = Plan(
    side=56,
    faces={"unlabelled": 2048, "train": 700, "test": 1400},
    labels=(14, 70, 700),
    backbone=_small_backbone,
    autoencoder=partial(
        MaskedAutoencoder,
        size=56,
        patch=8,
        width=96,
        depth=4,
        heads=4,
        decoder_width=64,
        decoder_depth=2,
        decoder_heads=4,
    ),
    groups=8,
    hidden=256,
    outputs=64,
    momentum=0.99,
    epochs=6,
    batch=64,
    optimiser=partial(torch.optim.AdamW, lr=1e-3, weight_decay=1e-2),
    views=_MODERATE,
    probe_epochs=100,
    copies=4,
    tuned_steps=300,
    tuned_batch=32,
    tuned_optimiser=partial(torch.optim.AdamW, lr=3e-3, weight_decay=1e-2),
)
SMOKE = replace(
    QUICK,
    faces={"unlabelled": 32, "train": 28, "test": 14},
    labels=(14, 28),
    epochs=1,
    batch=16,
    probe_epochs=2,
    copies=2,
    tuned_steps=2,
    tuned_batch=14,
)
PAPER = Plan(
    side=224,
    faces={},
    labels=(None,),
    backbone=lambda classes: ResNet(50, classes),
    autoencoder=MaskedAutoencoder,
    groups=32,
    hidden=4096,
    outputs=256,
    momentum=0.99,
    epochs=100,
    batch=256,
    optimiser=partial(_SGD, lr=0.05),
    views=_STRONG,
    probe_epochs=100,
    copies=4,
    tuned_steps=5000,
    tuned_batch=64,
    tuned_optimiser=partial(_SGD, lr=0.01),
)
PLANS = {"smoke": SMOKE, "quick": QUICK, "full": PAPER}


def start(plan: Plan, classes: int, seed: int) -> tuple[ResNet, MaskedAutoencoder]:
    """Networks with random weights, the same for a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        backbone, autoencoder = plan.backbone(classes), plan.autoencoder()
    return backbone.to(memory_format=torch.channels_last), autoencoder  # a third faster on CPUs
