"""The faces: generated, with everything known of them, or the user's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.base.files import sha256
from picojoule.data.vision import Images, expressions
from picojoule.data.vision.faces import CLASSES, Faces, generate
from picojoule.data.vision.listed import Listed
from picojoule.recipes.settings import Settings
from picojoule.recipes.simfle.plan import MILD, Plan
from picojoule.train.loop import Augment
from picojoule.train.self_supervision import Views

Samples = Faces | Images | Listed
_MEAN, _STD = (0.5795, 0.4522, 0.3957), (0.2769, 0.2473, 0.2412)
"""Of the released code: statistics of its faces."""
_QUICK = {"unlabelled": 2048, "train": 700, "test": 1400}
"""How many of the user's pictures the quick mode takes, at most."""


@final
@dataclass(frozen=True, kw_only=True)
class Normalised:
    """(x − mean)/std per channel, as the last change of a picture; in the memory layout that convolutions like."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, x: Tensor, _: torch.Generator | None = None) -> Tensor:
        """Pictures ``[..., c, h, w]``."""
        mean, std = (torch.tensor(each).view(-1, 1, 1).to(x) for each in (self.mean, self.std))
        x = (x - mean) / std
        return x if x.dim() > 4 else x.contiguous(memory_format=torch.channels_last)


@final
@dataclass(frozen=True, kw_only=True)
class Chain:
    """Changes one after the other."""

    changes: tuple[Augment, ...]

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Changed pictures."""
        for change in self.changes:
            x = change(x, generator)
        return x


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Faces to learn from, to learn to tell apart, and to be tested with.

    Attributes:
        name, summary: of the data.
        classes: their names.
        unlabelled, train, test: pictures in [0, 1] and labels.
        normalised: what a network sees of a picture.
    """

    name: str
    summary: dict[str, str | int]
    classes: tuple[str, ...]
    unlabelled: Samples
    train: Samples
    test: Samples
    normalised: Normalised

    @property
    def faces(self) -> tuple[Faces, Faces] | None:
        """To train and to test with, where action units and landmarks are known."""
        if isinstance(self.train, Faces) and isinstance(self.test, Faces):
            return self.train, self.test
        return None

    def views(self, plan: Plan) -> Chain:
        """What is learnt from without labels."""
        return Chain(changes=(Views(changes=plan.views), self.normalised))

    @property
    def mild(self) -> Chain:
        """What is learnt from with labels."""
        return Chain(changes=(*MILD, self.normalised))


def gather(settings: Settings, plan: Plan) -> Material:
    """The faces of a run.

    Raises:
        DataError: the user's cannot be read.
        InputError: the full mode was asked for without data, or data of fewer than two classes.
    """
    if settings.mode == "smoke" or (settings.data is None and settings.mode == "quick"):
        return _generated(settings, plan)
    folder = Path(settings.data) if settings.data else None
    if folder is not None and folder.is_dir() and expressions.layout_of(folder) is not None:
        listed = expressions.load(folder, side=plan.side)
        return _users(listed.name, listed.summary(), listed.classes, listed.train, listed.test, settings)
    data = settings.dataset()
    if data.train.images.shape[1:] != (3, plan.side, plan.side):
        what = f"pictures of {'×'.join(map(str, data.train.images.shape[1:]))}"
        remedy = f"give colour pictures of {plan.side}×{plan.side}, or the folder of a known data set of faces"
        raise InputError(what, where=data.name, remedy=remedy)
    names = tuple(str(k) for k in range(data.classes))
    return _users(data.name, data.summary(), names, data.train, data.test, settings)


def unfinished(settings: Settings, material: Material, *what: object) -> Path | None:
    """Where unfinished work is kept, apart for all that is different; None where it is not."""
    return settings.kept(sha256(repr((material.summary["sha256"], *what)).encode())[:16])


def _generated(settings: Settings, plan: Plan) -> Material:
    parts = generate(plan.faces, side=plan.side, seed=settings.seed)
    pixels = parts["unlabelled"].images.transpose(0, 1).flatten(1)
    mean, std = tuple(pixels.mean(1).tolist()), tuple(pixels.std(1).tolist())
    return Material(
        name=parts.name,
        summary=parts.summary(),
        classes=CLASSES,
        unlabelled=parts["unlabelled"],
        train=parts["train"],
        test=parts["test"].take(settings.limit or len(parts["test"])),
        normalised=Normalised(mean=mean, std=std),
    )


def _users(
    name: str,
    summary: dict[str, str | int],
    classes: tuple[str, ...],
    train: Images | Listed,
    test: Images | Listed,
    settings: Settings,
) -> Material:
    """The training part is learnt from without labels, too; the quick mode takes some pictures of each part."""
    most = _QUICK if settings.mode == "quick" else {"unlabelled": len(train), "train": len(train), "test": len(test)}
    tested = _some(test, min(settings.limit or len(test), most["test"]), settings.seed)
    kept = _some(train, most["train"], settings.seed)
    return Material(
        name=name,
        summary=summary | {"train": len(kept), "test": len(tested)},
        classes=classes,
        unlabelled=_some(train, most["unlabelled"], settings.seed + 1),
        train=kept,
        test=tested,
        normalised=Normalised(mean=_MEAN, std=_STD),
    )


def _some(samples: Images | Listed, number: int, seed: int) -> Images | Listed:
    """Some of them, decoded, in random order; all, as they are, where there are not more."""
    if number >= len(samples):
        return samples
    index = torch.randperm(len(samples), generator=torch.Generator().manual_seed(seed))[:number]
    images, labels = samples.pick(index)
    return Images(images=images, labels=labels)
