"""The data, as samples that can be picked: digits made small, pictures, or frames of events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import torch
from torch.nn.functional import adaptive_avg_pool2d

from picojoule.data.events import Frames, folder, nmnist
from picojoule.data.vision import Dataset, Images
from picojoule.models.spiking import LAYOUT, RELU, Macro
from picojoule.recipes.autosnn.conditions import Design, Size
from picojoule.recipes.settings import Settings

Samples = Images | Frames


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Samples to train on and to test on, and the macro space that fits them.

    Attributes:
        name, summary: of the data.
        train, test: samples.
        macro: for them.
    """

    name: str
    summary: dict[str, str | int]
    train: Samples
    test: Samples
    macro: Macro

    @property
    def frames(self) -> bool:
        """Whether a sample has a frame a step."""
        return self.macro.frames

    def design(self, design: Design) -> Macro:
        """The macro space in another design."""
        return replace(self.macro, down=design.down, whole=design.whole, averaging=design.averaging)

    @property
    def as_published(self) -> Material:
        """With the positions of the published architectures."""
        return replace(self, macro=replace(self.macro, layout=LAYOUT))

    @property
    def relu(self) -> Macro:
        """The same space for ANNs."""
        return replace(self.macro, fabric=RELU)

    def split(self, share: float) -> tuple[Samples, Samples]:
        """The first training samples to train a supernet on, and the last `share` to score networks on."""
        held = max(1, round(share * len(self.train)))
        index = torch.arange(len(self.train))
        return self.train.select(index[:-held]), self.train.select(index[-held:])


def gather(settings: Settings, size: Size) -> Material:
    """The data of a run.

    Raises:
        DataError: it cannot be read.
    """
    path = Path(settings.data) if settings.data else None
    if settings.mode != "smoke" and path is not None:
        if folder.is_frames(path):
            data = folder.load(path)
            return of(data.name, data.summary(), data.train, data.test, data.classes, settings, size)
        if path.name == nmnist.FILE:
            events = nmnist.load(path)
            parts = [each.frames(size.steps) for each in (events.train, events.test)]
            return of(events.name, events.summary(), *parts, events.classes, settings, size)
    data = settings.dataset()
    small = _smaller(data, size.side) if data.train.images.shape[1] == 1 else data
    return of(data.name, data.summary(), small.train, small.test, data.classes, settings, size)


def of(
    name: str, summary: dict, train: Samples, test: Samples, classes: int, settings: Settings, size: Size
) -> Material:
    """Samples with the space that fits them; as many as the mode uses."""
    kept = train.select(torch.arange(min(len(train), size.samples or len(train))))
    tested = test.select(torch.arange(min(len(test), settings.limit or len(test))))
    x, _ = kept.pick(torch.arange(1))
    frames = x.dim() == 5
    macro = Macro(
        channels=size.channels,
        shape=tuple(x.shape[-3:]),
        classes=classes,
        steps=x.shape[1] if frames else size.steps,
        frames=frames,
        layout=size.layout,
        fabric=size.fabric,
    )
    return Material(name=name, summary=summary | {"train": len(kept)}, train=kept, test=tested, macro=macro)


def _smaller(data: Dataset, side: int | None) -> Dataset:
    if side is None:
        return data
    parts = {
        part: Images(images=adaptive_avg_pool2d(images.images, side), labels=images.labels)
        for part, images in (("train", data.train), ("test", data.test))
    }
    return replace(data, **parts)
