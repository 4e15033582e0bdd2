"""The macro space: where blocks stand, and what is around them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import Literal, final

from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.models.spiking.blocks import BLOCKS, SPIKING, Fabric, Relaxing, convolution
from picojoule.neurons import PLIF, Held

Architecture = tuple[str, ...]
"""A block for every position, by name."""
CANDIDATES = ("skip", "SCB3", "SCB5", "SRB3", "SRB5")
"""The blocks of the paper's search."""
LAYOUT: tuple[int | str, ...] = (1, "down", 2, 2, "down", 4, 4, "down")
"""A position with so many times C channels, or half the size."""
VOTES = 10
"""Neurons of the output for each class."""
LARGE, MIDDLE = 128, 64
"""Sides from which an image is made smaller first: pool → 3×3 → pool, and pool → 3×3."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A position: channels in and out, stride of its block, and whether a pool follows."""

    inputs: int
    outputs: int
    stride: int
    pooled: bool


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Macro:
    """A macro space. Images ``[batch, channels, height, width]``, or frames ``[batch, steps, …]``, to class rates.

    Attributes:
        channels: C.
        shape: channels, height and width of the input.
        classes: how many.
        steps: T.
        frames: whether the input has a frame a step. An image is a current, the same in every step.
        layout: positions and where the size is halved.
        down: how: by a maximum, by a stride of the block before, or by an average.
        whole: one more average, over what is left of the image, before the output.
        averaging: what follows an average: ``released``, the neurons of the released code, which cannot fire there;
            ``bare``, none; ``undecayed``, neurons v ← a·v + x; ``lowered``, θ divided by the pixels averaged.
        fabric: of spiking neurons or of ReLUs.

    Raises:
        InputError: an image that is too small for the layout.
    """

    channels: int = 16
    shape: tuple[int, int, int] = (3, 32, 32)
    classes: int = 10
    steps: int = 8
    frames: bool = False
    layout: tuple[int | str, ...] = LAYOUT
    down: Literal["max", "strided", "average"] = "max"
    whole: bool = False
    averaging: Literal["released", "bare", "undecayed", "lowered"] = "released"
    fabric: Fabric = SPIKING

    def __post_init__(self) -> None:
        if min(self.end) < 1:
            height, width = self.shape[1:]
            raise InputError(f"images of {height}×{width}", where="Macro", remedy="give larger ones, or fewer downs")

    @property
    def places(self) -> tuple[Place, ...]:
        """Every position."""
        found, inputs = [], self.channels
        for each, after in zip(self.layout, (*self.layout[1:], None), strict=True):
            if isinstance(each, int):
                halved, outputs = after == "down", each * self.channels
                stride = 2 if halved and self.down == "strided" else 1
                found.append(Place(inputs=inputs, outputs=outputs, stride=stride, pooled=halved and stride == 1))
                inputs = outputs
        return tuple(found)

    @property
    def end(self) -> tuple[int, int]:
        """Height and width before the output."""
        height, width = (side >> self._shrinks for side in self.shape[1:])
        for _ in range(self.layout.count("down")):
            height, width = (-(-side // 2) if self.down == "strided" else side // 2 for side in (height, width))
        return height, width

    @property
    def _shrinks(self) -> int:
        return sum(max(self.shape[1:]) >= side for side in (MIDDLE, LARGE))

    def front(self) -> nn.Module:
        """The stem: input to C channels of spikes."""
        inputs, C = self.shape[0], self.channels
        pool = [nn.MaxPool2d(2)] if self._shrinks else []
        first: list[nn.Module] = [*pool, nn.Conv2d(inputs, C, 3, padding=1, bias=False), nn.BatchNorm2d(C)]
        layers = [self._entry(*first), self.fabric.neuron()]
        if self._shrinks == 2:
            layers.append(self.fabric.layer(nn.MaxPool2d(2)))
        if self._shrinks:
            layers += [convolution(self.fabric, C, C, 3), self.fabric.neuron()]
        return nn.Sequential(*layers)

    def _entry(self, *modules: nn.Module) -> nn.Module:
        if not self.fabric.in_time:
            return nn.Sequential(*modules)
        return nn.Sequential(StepsFirst(), self.fabric.layer(*modules)) if self.frames else Held(self.steps, *modules)

    def stage(self, position: int, block: str) -> nn.Module:
        """A block at a position, and the pool behind it.

        Raises:
            InputError: no such block.
        """
        if block not in BLOCKS:
            raise InputError(f"no block {block!r}", where="Macro.stage", remedy=f"one of {', '.join(BLOCKS)}")
        place = self.places[position]
        made = BLOCKS[block](self.fabric, place.inputs, place.outputs, place.stride)
        return nn.Sequential(made, *self._pool()) if place.pooled else made

    def _pool(self) -> list[nn.Module]:
        if self.down == "max":
            return [self.fabric.layer(nn.MaxPool2d(2))]
        return [self.fabric.layer(nn.AvgPool2d(2)), *self._averaged(4)]

    def _averaged(self, pixels: int) -> list[nn.Module]:
        neurons = {
            "released": Relaxing,
            "undecayed": partial(PLIF, reset="zero", detach_reset=True),
            "lowered": partial(Relaxing, 1 / pixels),
        }
        return [] if self.averaging == "bare" else [neurons[self.averaging]()]

    def head(self) -> nn.Module:
        """What is left to class rates: ten neurons a class, whose spikes are averaged over neurons and steps."""
        (height, width), last = self.end, self.places[-1].outputs
        whole: list[nn.Module] = []
        if self.whole:
            whole = [self.fabric.layer(nn.AvgPool2d((height, width))), *self._averaged(height * width)]
            height = width = 1
        inputs = last * height * width
        if not self.fabric.in_time:
            return nn.Sequential(*whole, nn.Flatten(), nn.Linear(inputs, self.classes))
        linear = nn.Linear(inputs, VOTES * self.classes, bias=False)
        return nn.Sequential(*whole, self.fabric.layer(nn.Flatten(), linear), self.fabric.neuron(), Vote())

    def network(self, architecture: Architecture) -> nn.Sequential:
        """The network of an architecture, with new weights.

        Raises:
            InputError: not one block for every position.
        """
        if len(architecture) != len(self.places):
            what = f"{len(architecture)} blocks for {len(self.places)} positions"
            raise InputError(what, where="Macro.network", remedy="name one block for every position")
        stages = [(f"stage{number}", self.stage(number, block)) for number, block in enumerate(architecture)]
        return nn.Sequential(OrderedDict([("front", self.front()), *stages, ("head", self.head())]))


@final
class StepsFirst(nn.Module):
    """Samples first, as data sets have them, to steps first."""

    def forward(self, x: Tensor) -> Tensor:
        """``[steps, batch, ...]`` of ``[batch, steps, ...]``."""
        return x.transpose(0, 1)


@final
class Vote(nn.Module):
    """Each class has ten neurons; its rate is the mean of their spikes over steps."""

    def forward(self, x: Tensor) -> Tensor:
        """Rates ``[batch, classes]`` of spikes ``[steps, batch, 10·classes]``."""
        return x.unflatten(2, (-1, VOTES)).mean((0, 3))
