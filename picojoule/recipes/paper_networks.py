"""The network a recipe of the neural coding papers converts: the embedded one, or the papers' own, trained first.

The papers' hyper-parameters are those of the authors' public code: Adam at 1e-3, batches of 128, dropout, no weight
decay, pixels in [0, 1], pictures shifted by two pixels and mirrored, the weights that were best on a tenth of the
training images kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from picojoule.base.errors import InputError
from picojoule.data.vision import Dataset, Images
from picojoule.metrics import correct
from picojoule.models import embedded
from picojoule.models.vision import VGG16, digit_cnn
from picojoule.recipes.settings import Settings
from picojoule.train import Shuffled, Validation, fit
from picojoule.train.augment import RandomFlip, RandomShift

_ALL_THREE = 0.3


@final
@dataclass(frozen=True, kw_only=True)
class Setting:
    """A network of the papers and its training.

    Attributes:
        build: the network for so many classes.
        augment: of training images.
        epochs: passes through them. The papers' number is not known; this is ours.
    """

    build: Callable[[int], nn.Module]
    augment: Callable[[Tensor, torch.Generator], Tensor] | None
    epochs: int


def _shifted_and_mirrored(images: Tensor, generator: torch.Generator) -> Tensor:
    return RandomFlip()(RandomShift(pixels=2)(images, generator), generator)


def _vgg(classes: int) -> nn.Module:
    return VGG16(classes) if classes <= 10 else VGG16(classes, (_ALL_THREE,) * 3)


SETTINGS: dict[tuple[int, ...], Setting] = {
    (1, 28, 28): Setting(build=digit_cnn, augment=None, epochs=20),
    (3, 32, 32): Setting(build=_vgg, augment=_shifted_and_mirrored, epochs=200),
}
"""By the shape of an image."""


def network_for(data: Dataset, settings: Settings) -> nn.Module:
    """The embedded network for digits; in the full mode the papers' own, trained on the data.

    Raises:
        InputError: images that neither takes.
    """
    shape = tuple(data.train.images.shape[1:])
    if settings.mode != "full":
        if shape != (1, 28, 28):
            raise InputError(
                f"images of shape {list(shape)}",
                where=data.name,
                remedy="give 28×28 digits, or --full, which trains VGG-16 for 3×32×32 pictures",
            )
        return embedded()
    if shape not in SETTINGS:
        told = " or ".join("×".join(map(str, each)) for each in SETTINGS)
        raise InputError(f"images of shape {list(shape)}", where=data.name, remedy=f"give images of {told}")
    return _trained(SETTINGS[shape], data, settings)


def _trained(setting: Setting, data: Dataset, settings: Settings) -> nn.Module:
    classes = int(max(data.train.labels.max(), data.test.labels.max())) + 1
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(settings.seed))
    held, kept = order[: len(order) // 10], order[len(order) // 10 :]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = setting.build(classes).to(settings.device)
    source = Shuffled(samples=data.train.select(kept), size=min(128, len(kept)))
    fit(
        model,
        lambda net, x, y: cross_entropy(net(x), y),
        source,
        epochs=setting.epochs,
        optimiser=partial(torch.optim.Adam, lr=1e-3),
        augment=setting.augment,
        validation=Validation(score=partial(_score, held=data.train.select(held), device=settings.device)),
        seed=settings.seed,
        what=f"training {type(model).__name__} for {data.name}",
    )
    return model.cpu().eval()


@torch.inference_mode()
def _score(model: nn.Module, held: Images, device: str) -> float:
    return sum(correct(model(x.to(device)), y.to(device)) for x, y in held.batches(128)) / len(held)
