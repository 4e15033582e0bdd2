"""Generated creatures whose classes differ in one part at one scale.

A family has a shape and one part that tells its four species apart: a breast patch, a bar on the wing, the beak or the
ring of the eye. Every creature has all these parts; those that do not matter to its family have any of the four
colours. So colour alone says nothing: one has to see which creature it is, and then look at the right spot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.base.files import sha256
from picojoule.base.progress import track
from picojoule.data.vision.fine_grained.grounds import COLOURS, blotted, coloured, ground, pixels
from picojoule.data.vision.fine_grained.shapes import boxes_of, capsule, cover, ellipse, painted
from picojoule.data.vision.images import Dataset, Images

VERSION = 1
"""Raised whenever the same seed gives other pictures."""
PARTS = ("breast", "bar", "beak", "eye")
SCALES = ("large", "medium", "small", "tiny")
"""Of the parts, in their order."""
_CHUNK = 128
_TONES = 3  # body, wing and legs are of three
_SPANS = (0.55, 0.95)  # of a picture's side that a creature spans


class Family(NamedTuple):
    """A shape, in lengths of the creature: where its parts are and how large; its plumage; and the part that matters."""

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

    def select(self, index: Tensor) -> Sightings:
        """Those at the positions `index`, in that order."""
        rest = {name: getattr(self, name)[index] for name in ("scales", "kinds", "parts", "creatures")}
        return Sightings(images=self.images.select(index), **rest)


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
        classes=tuple(f"{family.name} {n}" for family in families for n in range(SPECIES)),
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
    page, inks, whole = creature.on(page)
    kinds = torch.stack([creature.kinds[part] for part in PARTS], dim=1)
    told = _telling(families)[labels // SPECIES]
    ink = torch.stack([inks[part] for part in PARTS], dim=1)[torch.arange(len(labels)), told]
    return _lit(page, numbers), kinds, boxes_of(ink), boxes_of(whole)


def _lit(page: Tensor, numbers: _Numbers) -> Tensor:
    """Another light and contrast for each picture."""
    gain, shift = numbers.real(0.8, 1.15), numbers.real(-0.08, 0.08)
    return (page * gain[:, None, None, None] + shift[:, None, None, None]).clamp(0, 1)


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
        self.whole = torch.zeros(self.n, side, side)

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
        cos, sin = (f(turn)[:, None, None] for f in (torch.cos, torch.sin))
        along = torch.where(mirrored[:, None, None], -1.0, 1.0) * (x * cos + y * sin)
        return torch.stack((along, y * cos - x * sin), dim=-1) + self.middle[:, None, None]

    def _extent(self) -> tuple[Tensor, Tensor]:
        """The middle ``[n, 2]`` of a creature in its frame, and its longer side ``[n]``."""
        shape = self.shape
        cos, sin = shape["tilt"].cos(), shape["tilt"].sin()
        across, upright = shape["body"].unbind(1)
        wide, high = torch.hypot(across * cos, upright * sin), torch.hypot(across * sin, upright * cos)
        right = shape["neck"][:, 0] + shape["head"] + 0.9 * shape["beak"][:, 0]
        left = -torch.maximum(wide, 0.85 * across * cos + shape["tail"][:, 0] * shape["tail"][:, 1].cos())
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

    def _at(self, x: float | Tensor, y: float | Tensor) -> Tensor:
        both = (torch.as_tensor(each).expand(self.n) for each in (x, y))
        return torch.stack(tuple(both), dim=1)

    def on(self, page: Tensor) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """The page with the creatures, the ink of each telling part, and that of the whole creatures."""
        shape, radii = self.shape, self.shape["body"]
        tilt, head, neck = shape["tilt"], shape["head"], shape["neck"]
        inks: dict[str, Tensor] = {}

        def paint(distance: Tensor, colour: Tensor, inside: Tensor | None = None) -> Tensor:
            nonlocal page
            ink = cover(distance, self.scale)
            ink = ink if inside is None else ink * inside
            page = painted(page, ink, colour)
            self.whole = torch.maximum(self.whole, ink)
            for name in inks:
                inks[name] = inks[name] * (1 - ink)
            return ink

        def part(name: str, distance: Tensor, inside: Tensor | None = None) -> None:
            inks[name] = paint(distance, coloured(self.kinds[name], self.numbers.take()[:, 0]), inside)

        def along(x: float, y: float) -> Tensor:
            """A spot of the body, in its radii, turned with it."""
            u, v = x * radii[:, 0], y * radii[:, 1]
            return torch.stack((u * tilt.cos() - v * tilt.sin(), u * tilt.sin() + v * tilt.cos()), dim=1)

        origin = torch.zeros(self.n, 2)
        back, down = along(-0.85, 0.0), shape["tail"]
        tip = back + down[:, :1] * torch.stack((-down[:, 1].cos(), down[:, 1].sin()), dim=1)
        paint(capsule(self.points, back, tip, self._at(0.05, 0.035)), self._feathers(1))
        for x in (-0.1, 0.12):
            hip = along(x, 0.7)
            foot = hip + self._at(0.0, shape["legs"] + 0.06)
            paint(capsule(self.points, hip, foot, self._at(0.014, 0.012)), self._feathers(2))
            paint(capsule(self.points, foot, foot + self._at(0.06, 0.005), self._at(0.014, 0.008)), self._feathers(2))
        body = paint(ellipse(self.points, origin, radii, tilt), self._feathers(0))
        part("breast", ellipse(self.points, along(0.5, 0.45), radii * 0.62, tilt), body)
        wing = paint(ellipse(self.points, along(-0.3, -0.22), radii * 0.62, tilt - 0.15), self._feathers(1))
        bar = along(-0.42, -0.62), along(-0.22, 0.25)
        part("bar", capsule(self.points, *bar, self._at(0.028, 0.028)), wing)
        paint(capsule(self.points, along(0.6, -0.2), neck, torch.stack((radii[:, 1] * 0.45, head * 0.7), dim=1)),
              self._feathers(0))  # fmt: skip
        for angle in (-1.9, -2.3, -2.7):
            up = torch.tensor([angle]).cos(), torch.tensor([angle]).sin()
            reach = (head + shape["crest"])[:, None] * self._at(*up)
            paint(capsule(self.points, neck, neck + reach, self._at(0.022, 0.012)), self._feathers(2))
        long, wide = shape["beak"].unbind(1)
        root = neck + self._at(0.8 * head, 0.1 * head)
        part("beak", capsule(self.points, root, root + self._at(long, 0.15 * long),
                             torch.stack((wide, wide * 0.25), dim=1)))  # fmt: skip
        paint(ellipse(self.points, neck, torch.stack((head, head), dim=1), tilt), self._feathers(0))
        eye = neck + self._at(0.25 * head, -0.2 * head)
        part("eye", ellipse(self.points, eye, self._at(0.034, 0.034), tilt))
        paint(ellipse(self.points, eye, self._at(0.014, 0.014), tilt), torch.full((self.n, 3), 0.03))
        return page, inks, self.whole
