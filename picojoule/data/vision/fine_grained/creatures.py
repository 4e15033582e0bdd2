"""Generated creatures whose classes differ in one part at one scale.

A family has a shape and one part that tells its four species apart: a breast patch, a bar on the wing, the beak or the
ring of the eye. Every creature has all these parts; those that do not matter to its family have any of the four
colours. So colour alone says nothing: one has to see which creature it is, and then look at the right spot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, sin
from typing import NamedTuple, final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.base.files import sha256
from picojoule.base.progress import track
from picojoule.data.vision.fine_grained.grounds import COLOURS, NAMES, blotted, coloured, ground, pixels
from picojoule.data.vision.fine_grained.shapes import boxes_of, capsule, cover, ellipse, painted
from picojoule.data.vision.images import Dataset, Images

VERSION = 1
"""Raised whenever the same seed gives other pictures."""
PARTS = ("breast", "bar", "beak", "eye")
SCALES = ("large", "medium", "small", "tiny")
"""Of the parts, in their order."""
_CHUNK = 128
_TONES = 3  # body, wing and legs are of three
_CREST = (-1.9, -2.3, -2.7)  # directions of its feathers
_SPANS = (0.55, 0.95)  # of a picture's side that a creature spans


class Family(NamedTuple):
    """Where its parts are and how large, in lengths of the creature; its plumage; and the part that matters."""

    name: str
    part: str
    body: tuple[float, float]
    tilt: float
    head: float
    neck: tuple[float, float]
    tail: tuple[float, float]
    legs: float
    beak: tuple[float, float]
    crest: float
    plumage: tuple[float, float, float]


FAMILIES = (
    Family("robin", "breast", (0.27, 0.20), -0.35, 0.125, (0.20, -0.22), (0.22, 0.3), 0.13, (0.12, 0.040), 0.0,
           (0.45, 0.33, 0.22)),
    Family("heron", "bar", (0.25, 0.14), -0.25, 0.085, (0.30, -0.42), (0.14, 0.5), 0.36, (0.22, 0.032), 0.0,
           (0.52, 0.57, 0.66)),
    Family("hoopoe", "beak", (0.25, 0.15), -0.25, 0.110, (0.24, -0.22), (0.26, 0.1), 0.12, (0.17, 0.040), 0.17,
           (0.74, 0.52, 0.40)),
    Family("duck", "eye", (0.33, 0.17), 0.05, 0.125, (0.27, -0.24), (0.10, -0.5), 0.07, (0.13, 0.055), 0.0,
           (0.20, 0.38, 0.32)),
    Family("magpie", "breast", (0.23, 0.15), -0.20, 0.105, (0.20, -0.17), (0.42, 0.1), 0.15, (0.11, 0.035), 0.0,
           (0.13, 0.13, 0.17)),
    Family("penguin", "bar", (0.34, 0.17), -1.25, 0.125, (0.12, -0.36), (0.08, 0.9), 0.05, (0.12, 0.035), 0.0,
           (0.30, 0.32, 0.36)),
    Family("toucan", "beak", (0.26, 0.17), -0.55, 0.120, (0.17, -0.27), (0.24, 0.8), 0.08, (0.22, 0.060), 0.0,
           (0.24, 0.16, 0.26)),
    Family("peafowl", "eye", (0.26, 0.16), -0.15, 0.090, (0.22, -0.36), (0.36, -0.7), 0.18, (0.09, 0.030), 0.13,
           (0.14, 0.46, 0.52)),
)  # fmt: skip
SPECIES = len(COLOURS)


def strangers(number: int, *, seed: int = 0) -> tuple[Family, ...]:
    """Families of random shapes, the parts in turn: creatures to learn from before those of :data:`FAMILIES`."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for index in range(number):
        shares = torch.rand(3, len(FAMILIES[0]), generator=generator)
        pairs = torch.randperm(len(FAMILIES), generator=generator)[:2].tolist()
        found.append(_between(*(FAMILIES[each] for each in pairs), PARTS[index % len(PARTS)], shares.tolist(), index))
    return tuple(found)


def _between(one: Family, other: Family, part: str, shares: list[list[float]], index: int) -> Family:
    """A shape between two, and a little beyond, each number on its own."""

    def mixed(name: str, column: int) -> float | tuple[float, float]:
        a, b = getattr(one, name), getattr(other, name)
        if not isinstance(a, tuple):
            return a + (1.4 * shares[0][column] - 0.2) * (b - a)
        pairs = zip(a, b, shares, strict=False)
        return tuple(x + (1.4 * row[column] - 0.2) * (y - x) for x, y, row in pairs)

    shape = {name: mixed(name, column) for column, name in enumerate(Family._fields) if name not in ("name", "part")}
    return Family(name=f"stranger {index}", part=part, **shape | {"crest": max(0.0, shape["crest"])})


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Sightings:
    """Pictures of creatures and what is known of them.

    Attributes:
        images: pictures ``[n, 3, side, side]`` in [0, 1] and classes.
        scales: position in :data:`SCALES` of the part that tells the class, int64 ``[n]``.
        kinds: colour of every part, the telling one and the others, int64 ``[n, 4]``.
        parts: box of that part, left, top, right, bottom in pixels, float32 ``[n, 4]``; NaN where it is too small to
            cover half a pixel.
        creatures: box of the whole creature, likewise.
    """

    images: Images
    scales: Tensor
    kinds: Tensor
    parts: Tensor
    creatures: Tensor

    def __len__(self) -> int:
        return len(self.images)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Creatures:
    """Training and test sightings.

    Attributes:
        name: with version and seed.
        train, test: sightings; of other individuals.
        classes: their names.
        sha256: of all pixels and classes.
    """

    name: str
    train: Sightings
    test: Sightings
    classes: tuple[str, ...]
    sha256: str

    @property
    def dataset(self) -> Dataset:
        """Only pictures and classes."""
        return Dataset(name=self.name, train=self.train.images, test=self.test.images, sha256=self.sha256)


def load(
    *,
    train: int = 1200,
    test: int = 800,
    families: Sequence[Family] = FAMILIES[:4],
    side: int = 64,
    seed: int = 0,
    clutter: int = 4,
) -> Creatures:
    """Generated creatures, the classes in turn.

    Every picture has random numbers of its own, so a prefix of a set is the same however many are asked for.

    Args:
        train, test: numbers of pictures.
        families: a class is a species of one of them.
        side: of a picture, in pixels.
        seed: of everything random.
        clutter: at most so many blots of the same colours behind the creature.

    Raises:
        InputError: a number below 1, or no family.
    """
    if min(train, test, side, len(families)) < 1:
        raise InputError(
            f"{train} + {test} pictures of {side} pixels and {len(families)} families",
            where="creatures",
            remedy="give numbers from 1",
        )
    given = {"families": tuple(families), "side": side, "clutter": clutter}
    parts = {
        part: _sightings(number, seed=2 * seed + (part == "test"), **given)
        for part, number in (("train", train), ("test", test))
    }
    raw = [
        tensor.numpy().tobytes()
        for each in parts.values()
        for tensor in ((each.images.images * 255).round().byte(), each.images.labels)
    ]
    return Creatures(
        name=f"synthetic-creatures-v{VERSION}-{len(families) * SPECIES}-classes-{side}px-seed{seed}",
        classes=tuple(f"{family.name} {colour}" for family in families for colour in NAMES),
        sha256=sha256(*raw),
        **parts,
    )


def _sightings(number: int, *, families: tuple[Family, ...], side: int, clutter: int, seed: int) -> Sightings:
    labels = torch.arange(number) % (len(families) * SPECIES)
    draws = torch.stack([_draws(1_000_003 * seed + index) for index in range(number)])
    done = [
        _drawn(families, labels[part], draws[part], side, clutter)
        for part in track(torch.arange(number).split(_CHUNK), "drawing creatures")
    ]
    images, kinds, parts, creatures = (torch.cat(each) for each in zip(*done, strict=True))
    images = (images * 255).round().clamp(0, 255) / 255
    return Sightings(
        images=Images(images=images, labels=labels),
        scales=_telling(families)[labels // SPECIES],
        kinds=kinds,
        parts=parts,
        creatures=creatures,
    )


_DRAWS, _NOISE = 64, 3 * (16 + 64)
_BLOT = 8  # random numbers of a blot


def _draws(seed: int) -> Tensor:
    """All random numbers of one picture, uniform in [0, 1)."""
    return torch.rand(_DRAWS + _NOISE + 16 * _BLOT, generator=torch.Generator().manual_seed(seed))


@final
class _Numbers:
    """Random numbers of many pictures, handed out in turn."""

    def __init__(self, draws: Tensor) -> None:
        self.draws, self.used = draws, 0

    def take(self, count: int = 1) -> Tensor:
        self.used += count
        return self.draws[:, self.used - count : self.used]

    def real(self, low: float, high: float) -> Tensor:
        return low + (high - low) * self.take()[:, 0]

    def whole(self, below: int) -> Tensor:
        return (self.take()[:, 0] * below).long()


def _telling(families: Sequence[Family]) -> Tensor:
    """The part that tells each family's species apart, by its position."""
    return torch.tensor([PARTS.index(family.part) for family in families])


def _drawn(
    families: tuple[Family, ...], labels: Tensor, draws: Tensor, side: int, clutter: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pictures, colours of parts, boxes of the telling parts, and boxes of the creatures."""
    noise, blots = draws[:, _DRAWS : _DRAWS + _NOISE], draws[:, _DRAWS + _NOISE :]
    page = blotted(ground(noise, side), blots.unflatten(1, (16, _BLOT))[:, :clutter])
    numbers = _Numbers(draws)
    creature = _Creature(families, labels, numbers, side)
    pen = creature.on(page)
    kinds = torch.stack([creature.kinds[part] for part in PARTS], dim=1)
    told = _telling(families)[labels // SPECIES]
    ink = torch.stack([pen.inks[part] for part in PARTS], dim=1)[torch.arange(len(labels)), told]
    return _lit(pen.page, numbers), kinds, boxes_of(ink), boxes_of(pen.whole)


def _lit(page: Tensor, numbers: _Numbers) -> Tensor:
    """Another light and contrast for each picture."""
    gain, shift = numbers.real(0.8, 1.15), numbers.real(-0.08, 0.08)
    return (page * gain[:, None, None, None] + shift[:, None, None, None]).clamp(0, 1)


@final
class _Creature:
    """Many creatures, each drawn in a frame of its own: x to where it looks, y down, its size as unit."""

    def __init__(self, families: tuple[Family, ...], labels: Tensor, numbers: _Numbers, side: int) -> None:
        self.n, self.numbers = len(labels), numbers
        family = labels // SPECIES
        self.shape = {name: torch.tensor([getattr(each, name) for each in families])[family]
                      for name in ("body", "tilt", "head", "neck", "tail", "legs", "beak", "crest")}  # fmt: skip
        self.shape = {name: value * self._jitter(value) for name, value in self.shape.items()}
        self.middle, reach = self._extent()
        self.span = numbers.real(*_SPANS) * side
        self.scale = self.span / reach
        self.points = self._framed(side)
        self.kinds = self._kinds(labels % SPECIES, _telling(families)[family])
        self.plumage = torch.tensor([each.plumage for each in families])[family]
        self.shades = 0.75 + 0.5 * numbers.take(_TONES)

    def _jitter(self, value: Tensor) -> Tensor:
        factor = self.numbers.real(0.93, 1.07)
        return factor if value.dim() == 1 else factor[:, None]

    def _framed(self, side: int) -> Tensor:
        """Pixels in the creature's frame: shifted, turned, perhaps mirrored."""
        numbers = self.numbers
        room = (side - self.span) / 2
        at = side / 2 + torch.stack([room * numbers.real(-1, 1) for _ in range(2)], dim=1)
        turn, mirrored = numbers.real(-0.35, 0.35), numbers.real(0, 1) < 0.5
        x, y = ((pixels(side) - at[:, None, None]) / self.scale[:, None, None, None]).unbind(-1)
        u, v = (f(turn)[:, None, None] for f in (torch.cos, torch.sin))
        along = torch.where(mirrored[:, None, None], -1.0, 1.0) * (x * u + y * v)
        return torch.stack((along, y * u - x * v), dim=-1) + self.middle[:, None, None]

    def _extent(self) -> tuple[Tensor, Tensor]:
        """The middle ``[n, 2]`` of a creature in its frame, and its longer side ``[n]``."""
        shape = self.shape
        tilt = shape["tilt"]
        across, upright = shape["body"].unbind(1)
        wide, high = (
            torch.hypot(across * u, upright * v) for u, v in ((tilt.cos(), tilt.sin()), (tilt.sin(), tilt.cos()))
        )
        right = shape["neck"][:, 0] + shape["head"] + 0.9 * shape["beak"][:, 0]
        left = -torch.maximum(wide, 0.85 * across * tilt.cos() + shape["tail"][:, 0] * shape["tail"][:, 1].cos())
        top = shape["neck"][:, 1] - shape["head"] - 0.8 * shape["crest"]
        low = high + shape["legs"]
        ends = torch.stack((left, top), dim=1), torch.stack((right, low), dim=1)
        return (ends[0] + ends[1]) / 2, (ends[1] - ends[0]).amax(1)

    def _kinds(self, species: Tensor, told: Tensor) -> dict[str, Tensor]:
        """The colour of every part: that of the species where the part tells it, any where it does not."""
        return {
            part: torch.where(told == number, species, self.numbers.whole(SPECIES)) for number, part in enumerate(PARTS)
        }

    def _feathers(self, which: int) -> Tensor:
        return (self.plumage * self.shades[:, which, None]).clamp(0, 1)

    def on(self, page: Tensor) -> _Pen:
        """The creatures on a page, from back to front."""
        pen = _Pen(page, self.scale)
        self._tail_and_legs(pen)
        self._body(pen)
        self._head(pen)
        return pen

    def _tail_and_legs(self, pen: _Pen) -> None:
        back, tail = self._spot(-0.85, 0.0), self.shape["tail"]
        tip = back + tail[:, :1] * torch.stack((-tail[:, 1].cos(), tail[:, 1].sin()), dim=1)
        pen.paint(self._stroke(back, tip, 0.05, 0.035), self._feathers(1))
        for x in (-0.1, 0.12):
            hip = self._spot(x, 0.7)
            foot = hip + self._at(0.0, self.shape["legs"] + 0.06)
            pen.paint(self._stroke(hip, foot, 0.014, 0.012), self._feathers(2))
            pen.paint(self._stroke(foot, foot + self._at(0.06, 0.005), 0.014, 0.008), self._feathers(2))

    def _body(self, pen: _Pen) -> None:
        radii, tilt = self.shape["body"], self.shape["tilt"]
        body = pen.paint(ellipse(self.points, self._at(0.0, 0.0), radii, tilt), self._feathers(0))
        breast = ellipse(self.points, self._spot(0.5, 0.45), radii * 0.62, tilt)
        self._part(pen, "breast", breast, body)
        wing = ellipse(self.points, self._spot(-0.3, -0.22), radii * 0.62, tilt - 0.15)
        seen = pen.paint(wing, self._feathers(1))
        self._part(pen, "bar", self._stroke(self._spot(-0.42, -0.62), self._spot(-0.22, 0.25), 0.028, 0.028), seen)

    def _head(self, pen: _Pen) -> None:
        head, middle = self.shape["head"], self.shape["neck"]
        shoulder = self._spot(0.6, -0.2)
        pen.paint(self._stroke(shoulder, middle, self.shape["body"][:, 1] * 0.45, head * 0.7), self._feathers(0))
        for angle in _CREST:
            reach = (head + self.shape["crest"])[:, None] * self._at(cos(angle), sin(angle))
            pen.paint(self._stroke(middle, middle + reach, 0.022, 0.012), self._feathers(2))
        long, wide = self.shape["beak"].unbind(1)
        root = middle + self._at(0.8 * head, 0.1 * head)
        self._part(pen, "beak", self._stroke(root, root + self._at(long, 0.15 * long), wide, wide * 0.25))
        tilt = self.shape["tilt"]
        pen.paint(ellipse(self.points, middle, self._at(head, head), tilt), self._feathers(0))
        eye = middle + self._at(0.25 * head, -0.2 * head)
        self._part(pen, "eye", ellipse(self.points, eye, self._at(0.034, 0.034), tilt))
        pen.paint(ellipse(self.points, eye, self._at(0.014, 0.014), tilt), torch.full((self.n, 3), 0.03))

    def _part(self, pen: _Pen, name: str, distance: Tensor, inside: Tensor | None = None) -> None:
        """A part that may tell the species, in its colour."""
        pen.inks[name] = pen.paint(distance, coloured(self.kinds[name], self.numbers.take()[:, 0]), inside)

    def _spot(self, x: float, y: float) -> Tensor:
        """A place ``[n, 2]`` of the body, in its radii, turned with it."""
        (across, upright), tilt = self.shape["body"].unbind(1), self.shape["tilt"]
        u, v = x * across, y * upright
        return torch.stack((u * tilt.cos() - v * tilt.sin(), u * tilt.sin() + v * tilt.cos()), dim=1)

    def _stroke(self, start: Tensor, end: Tensor, first: float | Tensor, last: float | Tensor) -> Tensor:
        return capsule(self.points, start, end, self._at(first, last))

    def _at(self, x: float | Tensor, y: float | Tensor) -> Tensor:
        both = (torch.as_tensor(each).expand(self.n) for each in (x, y))
        return torch.stack(tuple(both), dim=1)


@final
class _Pen:
    """Pages that are drawn on, and what is seen of everything."""

    def __init__(self, page: Tensor, scale: Tensor) -> None:
        self.page, self.scale = page, scale
        self.whole = torch.zeros_like(page[:, 0])
        self.inks: dict[str, Tensor] = {}

    def paint(self, distance: Tensor, colour: Tensor, inside: Tensor | None = None) -> Tensor:
        """Paint a shape over what is there, perhaps only inside another; its ink."""
        ink = cover(distance, self.scale)
        ink = ink if inside is None else ink * inside
        self.page = painted(self.page, ink, colour)
        self.whole = torch.maximum(self.whole, ink)
        for name in self.inks:
            self.inks[name] = self.inks[name] * (1 - ink)
        return ink
