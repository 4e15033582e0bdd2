"""The teacher, and spiking students that learn from it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn

from picojoule.conversion import freeze
from picojoule.data.vision import Dataset, Images
from picojoule.ir import Network
from picojoule.measurement import Observation, observe
from picojoule.models.vision import digit_cnn, perceptron
from picojoule.neurons import LIF, PerStep
from picojoule.neurons.trainable import Membrane
from picojoule.recipes.energy_distillation.conditions import HIDDEN, LEAK, STEPS, Condition
from picojoule.recipes.seeds import Seeds
from picojoule.recipes.settings import Settings
from picojoule.train import Shuffled, fit
from picojoule.train.distillation import distillation
from picojoule.train.gradient import Loss
from picojoule.train.schedule import cosine
from picojoule.train.sparsity import outputs_of

_BATCH, _RATE = 100, 2e-3


def teacher(data: Dataset, settings: Settings, *, epochs: int) -> nn.Module:
    """The teacher: the papers' small convolutional network for digits, a perceptron for anything else."""
    image = data.train.images[0]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        small = tuple(image.shape) == (1, 28, 28)
        model = digit_cnn(data.classes) if small else perceptron((image.numel(), 512, 512, data.classes))
    return learn(model.to(settings.device), labels(), data.train, settings.seed, epochs, "the teacher")


def labels() -> Loss:
    """Cross-entropy, as the loss without a teacher."""
    return distillation(nn.Identity(), weight=0.0)


def learn(model: nn.Module, loss: Loss, images: Images, seed: int, epochs: int, what: str) -> nn.Module:
    """Train a module, in place; it is left in evaluation mode."""
    source = Shuffled(samples=images, size=min(_BATCH, len(images)))
    adam = partial(torch.optim.Adam, lr=_RATE)
    fit(model, loss, source, epochs=epochs, optimiser=adam, schedule=cosine, seed=seed, what=what)
    return model.eval()


def student(sizes: tuple[int, ...], *, counts: bool) -> nn.Sequential:
    """A perceptron of LIF neurons, ``[steps, batch, ...]`` to ``[steps, batch, classes]``.

    Args:
        sizes: units of each layer, input and output included.
        counts: whether the output fires, too.
    """
    layers: list[nn.Module] = []
    for number, (inputs, outputs) in enumerate(pairwise(sizes)):
        linear = nn.Linear(inputs, outputs)
        layers += [PerStep(nn.Flatten(), linear) if not number else PerStep(linear), LIF(LEAK, detach_reset=True)]
    return nn.Sequential(*(layers if counts else layers[:-1]))


@final
class InTime(nn.Module):
    """A student that sees the same image in every step."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, images: Tensor) -> Tensor:
        """Outputs of every step ``[steps, batch, classes]`` of images ``[batch, ...]``."""
        return self.inner(images.expand(STEPS, *images.shape))


def teach(
    condition: Condition, master: nn.Module, data: Dataset, test: Images, settings: Settings, *, epochs: int, seeds: int
) -> Seeds[Condition]:
    """Teach students; the test samples are looked at once, at the end."""
    loss = _loss(condition, master)
    sizes = (data.train.images[0].numel(), *HIDDEN, data.classes)
    modules, seen = [], []
    for seed in range(settings.seed, settings.seed + seeds):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            inner = student(sizes, counts=condition.output == "count")
        learn(InTime(inner).to(settings.device), loss, data.train, seed, epochs, f"{condition.system}, seed {seed}")
        modules.append(inner.cpu())
        seen.append(look(frozen(inner, data, condition.system), test, settings))
    return Seeds(condition=condition, modules=tuple(modules), seen=tuple(seen))


def frozen(inner: nn.Module, data: Dataset, name: str) -> Network:
    """The student as a network of ours, under its own name."""
    return replace(freeze(inner, data.train.images[:1], steps=STEPS), name=name)


def look(network: Network, test: Images, settings: Settings) -> Observation:
    """What a network does on the test samples."""
    return observe(settings.place(network), test, batch=settings.batch, limit=settings.limit)


def _loss(condition: Condition, master: nn.Module) -> Loss:
    """The condition's loss: what is taught, and what spikes cost."""
    taught = distillation(
        master,
        temperature=condition.teacher,
        student_temperature=condition.student,
        weight=condition.weight,
        per_step=condition.per_step,
    )
    if not condition.penalty:
        return taught

    def penalised(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        with outputs_of(model, Membrane) as spikes:
            loss = taught(model, x, y)
        return loss + condition.penalty * torch.stack([each.mean() for each in spikes.values()]).mean()

    return penalised
