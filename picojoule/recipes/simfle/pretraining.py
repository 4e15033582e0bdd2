"""Learning without labels, and what a step of it costs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from torch import Tensor, nn

from picojoule.cost import Counts
from picojoule.cost.training import dense_training, joined
from picojoule.measurement import count_module
from picojoule.models.loading import fill, read_weights
from picojoule.models.vision.resnet import ResNet
from picojoule.recipes.settings import Settings
from picojoule.recipes.simfle.encoders import Maps, encoder
from picojoule.recipes.simfle.material import Material, unfinished
from picojoule.recipes.simfle.plan import Condition, Plan, start
from picojoule.train import Shuffled, fit
from picojoule.train.schedule import cosine
from picojoule.train.self_supervision import Choices, SimFLE, objective


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Learnt:
    """What a condition made of the networks.

    Attributes:
        condition: which.
        network: the backbone, in evaluation mode.
        model: all of SimFLE around it.
        losses: mean of every epoch.
        seen: pictures that were learnt from, repetitions included.
        step: counts of a step, a picture.
    """

    condition: Condition
    network: ResNet
    model: SimFLE
    losses: tuple[float, ...]
    seen: int
    step: Counts | None

    def encoder(self, *, everywhere: bool = False) -> nn.Module:
        """Normalised pictures to features ``[n, d]``, or to those of every place, ``[n, places·d]``."""
        return encoder(self.condition.judged, self.model, everywhere=everywhere)


def pretrain(condition: Condition, material: Material, plan: Plan, settings: Settings) -> Learnt:
    """Learn from unlabelled faces; goes on from where it was interrupted, where the settings name a folder for that."""
    condition = condition.grouped(plan.groups)
    network, autoencoder = start(plan, len(material.classes), settings.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed + 1)
        heads = {name: getattr(plan, name) for name in ("hidden", "outputs", "momentum")}
        choices = condition.choices or Choices(groups=plan.groups)
        model = SimFLE(network, autoencoder, choices=choices, **heads).to(settings.device)
    if condition.choices is None:
        return Learnt(condition=condition, network=network.eval(), model=model.eval(), losses=(), seen=0, step=None)
    source = Shuffled(samples=material.unlabelled, size=min(plan.batch, len(material.unlabelled)))
    history = fit(
        model,
        objective,
        source,
        epochs=plan.epochs,
        optimiser=plan.optimiser,
        schedule=cosine,
        augment=material.views(plan),
        after=SimFLE.follow,
        seed=settings.seed,
        folder=unfinished(settings, material, condition.choices, plan.epochs),
        what=condition.name,
    )
    return Learnt(
        condition=condition,
        network=network.eval(),
        model=model.eval(),
        losses=history.losses,
        seen=history.steps * source.size,
        step=step_counts(model, plan.side),
    )


def given(file: Path, material: Material, plan: Plan, settings: Settings) -> Learnt:
    """A backbone from a file of weights in place of one that learnt here; a last layer in it is left out.

    Raises:
        WeightsError: the file cannot be read, or is of another network; it is named.
    """
    network, autoencoder = start(plan, len(material.classes), settings.seed)
    own = {key: value for key, value in network.state_dict().items() if key.startswith("fc.")}
    read = {key: value for key, value in read_weights(file).items() if not key.startswith("fc.")}
    fill(network, read | own, where=str(file))
    heads = {name: getattr(plan, name) for name in ("hidden", "outputs", "momentum")}
    model = SimFLE(network, autoencoder, choices=Choices(rebuild=False), **heads).to(settings.device)
    condition = Condition(name=f"weights of {file.name}", choices=None)
    return Learnt(condition=condition, network=network.eval(), model=model.eval(), losses=(), seen=0, step=None)


def step_counts(model: SimFLE, side: int) -> Counts:
    """Counts of a step of learning, a picture: two views forward and back through the online network, forward through
    the target; the plain picture forward through the backbone, forward and back through grouping and autoencoder."""
    choices, parts = model.choices, {}
    picture = torch.zeros(1, 3, side, side, device=next(model.parameters()).device)
    views = picture.expand(2, -1, -1, -1)
    if choices.views:
        online = count_module(_Online(model), views, samples=1)
        parts["online"] = dense_training(online)
        parts["target"] = count_module(model.byol.target, views, samples=1)
    if choices.rebuild:
        small = model.autoencoder.sized(picture)
        number = int(model.autoencoder.side**2 * (1 - choices.ratio))
        kept = torch.arange(number, device=picture.device).unsqueeze(0)
        parts["fine"] = dense_training(count_module(_Fine(model), small, kept))
        if choices.mask == "semantic":
            maps = model.backbone.maps(small).detach()
            parts["plain"] = count_module(Maps(model.backbone, everywhere=True), small)
            parts["groups"] = dense_training(count_module(model.groups, maps))
    return joined(**parts)


@final
class _Online(nn.Module):
    """Backbone, projector, predictor and the head of the views."""

    def __init__(self, model: SimFLE) -> None:
        super().__init__()
        taught = model.choices.rebuild and model.choices.alpha
        self.byol, self.head = model.byol, model.global_head if taught else None

    def forward(self, views: Tensor) -> Tensor:
        y = self.byol.backbone(views)
        if self.head is not None:
            self.head(y)
        return self.byol.predictor(self.byol.projector(y))


@final
class _Fine(nn.Module):
    """The autoencoder, and the head on its tokens."""

    def __init__(self, model: SimFLE) -> None:
        super().__init__()
        self.autoencoder, self.head = model.autoencoder, model.fine_head if model.choices.alpha else None

    def forward(self, small: Tensor, kept: Tensor) -> Tensor:
        tokens, rebuilt = self.autoencoder(small, kept)
        if self.head is not None:
            self.head(tokens[:, 1:].mean(1))
        return rebuilt
