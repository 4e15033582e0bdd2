"""The pictures: generated creatures, or the user's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from picojoule.base.errors import InputError
from picojoule.data.vision.fine_grained import creatures, sources
from picojoule.data.vision.fine_grained.creatures import Sightings
from picojoule.data.vision.images import Dataset, Images
from picojoule.data.vision.listed import CROPPED, RESIZED, ListedData
from picojoule.recipes.m2former.conditions import Plan
from picojoule.recipes.settings import Settings
from picojoule.train import Labelled


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Training and test pictures.

    Attributes:
        name: of the data.
        train, test: pictures and labels, to be picked.
        classes: their names.
        summary: for the result.
        sightings: what else is known of the test pictures; None of real ones.
        larger: training pictures are this many times as large as test pictures, to be cut out at random.
    """

    name: str
    train: Labelled
    test: Labelled
    classes: tuple[str, ...]
    summary: dict[str, Any]
    sightings: Sightings | None = None
    larger: bool = False

    @property
    def labels(self) -> Tensor:
        """Of the test pictures."""
        labels = getattr(self.test, "labels", None)
        return labels if labels is not None else self.test.pick(torch.arange(len(self.test)))[1]


def gather(settings: Settings, plan: Plan) -> Material:
    """The pictures a run works on, at the plan's size.

    Raises:
        InputError: the full mode without data, or whatever is wrong with them.
    """
    if settings.data is None or settings.mode == "smoke":
        if settings.mode == "full":
            raise InputError("the full mode has no data", where="--full", remedy=f"give --data: {sources.FORMS}")
        return _creatures(settings, plan)
    listed = sources.load(Path(settings.data)) if Path(settings.data).is_dir() else settings.dataset()
    made = _of_files(listed, plan) if isinstance(listed, ListedData) else _of_images(listed, plan)
    return made if settings.limit is None else _limited(made, settings.limit)


def _creatures(settings: Settings, plan: Plan) -> Material:
    data = creatures.load(
        train=plan.train, test=min(plan.test, settings.limit or plan.test), side=plan.pixels, seed=settings.seed
    )
    return Material(
        name=data.name,
        train=data.train.images,
        test=data.test.images,
        classes=data.classes,
        summary=data.dataset.summary(),
        sightings=data.test,
    )


def _of_files(data: ListedData, plan: Plan) -> Material:
    """Listed files: resized, and cut as the released code does."""
    resized = round(plan.pixels * RESIZED / CROPPED)
    summary = {"name": data.name, "train": len(data.train), "test": len(data.test), "sha256": data.sha256}
    return Material(
        name=data.name,
        train=data.train.sized(resized),
        test=data.test.sized(resized, plan.pixels),
        classes=data.classes,
        summary=summary,
        larger=True,
    )


def _of_images(data: Dataset, plan: Plan) -> Material:
    """Pictures in memory, brought to the plan's size and to three channels."""

    def fitted(images: Images) -> Images:
        side = (plan.pixels, plan.pixels)
        x = interpolate(images.images, side, mode="bilinear", antialias=True, align_corners=False)
        return Images(images=x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x[:, :3], labels=images.labels)

    return Material(
        name=data.name,
        train=fitted(data.train),
        test=fitted(data.test),
        classes=tuple(map(str, range(data.classes))),
        summary=data.summary(),
    )


@final
class _First:
    """The first samples."""

    def __init__(self, samples: Labelled, number: int) -> None:
        self.samples, self.number = samples, min(number, len(samples))

    def __len__(self) -> int:
        return self.number

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        return self.samples.pick(index)


def _limited(made: Material, limit: int) -> Material:
    return Material(**{**_fields(made), "test": _First(made.test, limit)})


def _fields(made: Material) -> dict[str, Any]:
    return {name: getattr(made, name) for name in made.__dataclass_fields__}
