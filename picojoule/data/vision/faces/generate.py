"""Drawing people, expressions and photographs from a seed, and painting them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from picojoule.base.errors import InputError
from picojoule.base.files import sha256
from picojoule.data.vision.faces.anatomy import ACTIONS, CLASSES, IDENTITY, LANDMARKS, NUISANCE, Traits, prototypes
from picojoule.data.vision.faces.canvas import Canvas
from picojoule.data.vision.faces.portrait import portrait
from picojoule.data.vision.images import Images

VERSION = 1
"""Rises with every change of a picture; a part of the name and of the hash."""
_BLENDED, _LEAST, _MOST, _RESTLESS = 0.15, 0.4, 1.0, 0.08
"""Share of blends of two expressions; least and most intensity; what an action unit does unasked, at most."""
_CHUNK = 128


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Faces:
    """Faces and all that is known of them.

    Attributes:
        images: float32 ``[n, 3, side, side]`` in [0, 1].
        labels: int64 ``[n]``, the expression; of a blend the one that is shown more.
        actions: float32 ``[n, 12]`` in [0, 1], by `ACTIONS`.
        landmarks: float32 ``[n, 10, 2]``, pixels (x, y), by `LANDMARKS`; they may lie under a bar.
        people: int64 ``[n]``, who it is.
    """

    images: Tensor
    labels: Tensor
    actions: Tensor
    landmarks: Tensor
    people: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def select(self, index: Tensor) -> Faces:
        """The faces at the positions `index` (int64 ``[m]``), in that order."""
        return Faces(**{name: getattr(self, name)[index] for name in self.__dataclass_fields__})

    def take(self, n: int) -> Faces:
        """The first `n`, or all where there are fewer."""
        return self.select(torch.arange(min(n, len(self))))

    def labelled(self) -> Images:
        """Pictures and expressions only."""
        return Images(images=self.images, labels=self.labels)

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures and expressions at the positions `index`."""
        return self.images[index], self.labels[index]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """Parts of one set, no person in two of them.

    Attributes:
        parts: name → faces.
        name, sha256: of the set; the hash covers the version, the pictures and all that is known of them.
    """

    parts: Mapping[str, Faces]
    name: str
    sha256: str

    def __getitem__(self, name: str) -> Faces:
        return self.parts[name]

    def summary(self) -> dict[str, str | int]:
        """The entry ``data`` of ``result.json``."""
        return {"name": self.name, **{name: len(part) for name, part in self.parts.items()}, "sha256": self.sha256}


def generate(sizes: Mapping[str, int], *, side: int = 56, seed: int = 0, backgrounds: Sequence[Tensor] = ()) -> Parts:
    """Faces in parts that share no person; each person is met about ten times, the expressions in turn.

    Args:
        sizes: name of a part → its faces, at least one.
        side: pixels of a picture's side.
        seed: of everything. Pictures are rounded to 8 bits.
        backgrounds: photos ``[3, h, w]`` in [0, 1], each at least `side` high and wide, that pieces are cut from;
            blurred noise where there are none.

    Raises:
        InputError: an empty part, or a background that is too small.
    """
    if not sizes or min(sizes.values()) < 1:
        raise InputError(f"parts of {dict(sizes)} faces", where="faces", remedy="give each part at least one")
    if any(min(photo.shape[1:]) < side for photo in backgrounds):
        raise InputError(f"a background below {side} pixels", where="faces", remedy="give larger photos")
    generator = torch.Generator().manual_seed(seed)
    parts, met = {}, 0
    for name, size in sizes.items():
        people = max(1, size // 10)
        parts[name] = _draw(size, range(met, met + people), side, generator, backgrounds)
        met += people
    content = [getattr(part, each).numpy().tobytes() for part in parts.values() for each in Faces.__dataclass_fields__]
    return Parts(
        parts=parts,
        name=f"synthetic-faces-v{VERSION}-seed{seed}",
        sha256=sha256(f"faces {VERSION} {side}".encode(), *content),
    )


def _draw(size: int, people: range, side: int, generator: torch.Generator, backgrounds: Sequence[Tensor]) -> Faces:
    who = torch.randint(len(people), (size,), generator=generator)
    traits = {name: column[who] for name, column in _uniform(IDENTITY, len(people), generator).items()}
    nuisance = _uniform(NUISANCE, size, generator)
    labels, actions = _expressions(size, generator)
    painted = [
        _paint(_rows(traits, rows), _rows(nuisance, rows), actions[rows], side, generator, backgrounds)
        for rows in torch.arange(size).split(_CHUNK)
    ]
    images, landmarks = (torch.cat(each) for each in zip(*painted, strict=True))
    return Faces(images=images, labels=labels, actions=actions, landmarks=landmarks, people=who + people.start)


def _uniform(table: Mapping[str, tuple[float, float]], size: int, generator: torch.Generator) -> Traits:
    drawn = torch.rand(size, len(table), generator=generator)
    return {name: low + (high - low) * drawn[:, k : k + 1] for k, (name, (low, high)) in enumerate(table.items())}


def _expressions(size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Labels in random order, each class equally often, and what the muscles do."""
    labels = (torch.arange(size) % len(CLASSES))[torch.randperm(size, generator=generator)]
    drawn = torch.rand(size, 3, 1, generator=generator)
    other = torch.randint(len(CLASSES), (size,), generator=generator)
    share = torch.where(drawn[:, 0] < _BLENDED, 0.5 + 0.5 * drawn[:, 1], 1.0)
    table = prototypes()
    shown = (_LEAST + (_MOST - _LEAST) * drawn[:, 2]) * (share * table[labels] + (1 - share) * table[other])
    restless = _RESTLESS * torch.rand(size, len(ACTIONS), generator=generator)
    return labels, (shown + restless).clamp(0, 1)


def _rows(traits: Traits, rows: Tensor) -> Traits:
    return {name: column[rows] for name, column in traits.items()}


def _paint(
    traits: Traits, how: Traits, actions: Tensor, side: int, generator: torch.Generator, backgrounds: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Pictures rounded to 8 bits, and landmarks."""
    page = torch.stack([*_pages(len(actions), side, generator, backgrounds)])
    canvas = Canvas(page, turn=how["roll"], **{name: how[name] for name in ("scale", "shift_x", "shift_y")})
    landmarks = portrait(canvas, traits, {name: actions[:, k : k + 1] for k, name in enumerate(ACTIONS)})
    _bar(canvas, how)
    images = canvas.picture() * (how["exposure"] * _light(canvas, how)).view(-1, 1, side, side)
    soft = how["blur"].clamp_min(0).view(-1, 1, 1, 1)
    images = images + soft * (avg_pool2d(images, 3, 1, 1, count_include_pad=False) - images)
    images = images + how["noise"].view(-1, 1, 1, 1) * torch.randn(images.shape, generator=generator)
    return (images.clamp(0, 1) * 255).round() / 255, landmarks


def _pages(number: int, side: int, generator: torch.Generator, photos: Sequence[Tensor]) -> Iterator[Tensor]:
    """Backgrounds ``[3, side, side]``."""
    noise = torch.rand(number, 3, 5, 5, generator=generator)
    noise = 0.4 * noise + 0.6 * noise.mean(1, keepdim=True)  # colours as faint as most rooms are
    noise = interpolate(noise, (side, side), mode="bilinear", align_corners=True)
    places = torch.rand(number, 3, generator=generator)
    for k, (which, top, left) in enumerate(places.tolist()):
        if not photos:
            yield noise[k]
            continue
        photo = photos[int(which * len(photos))]
        y, x = (int(share * (length - side + 1)) for share, length in zip((top, left), photo.shape[1:], strict=True))
        yield photo[:, y : y + side, x : x + side]


def _bar(canvas: Canvas, how: Traits) -> None:
    """Something in front of the face, now and then."""
    turn = how["bar_turn"]
    across = canvas.across * turn.cos() + canvas.down * turn.sin() - 0.6 * how["bar_place"]
    canvas.paint(
        (across.abs() - 0.12) / how["scale"], (0.5 + 0.5 * how["bar_place"]).unsqueeze(1), (how["bar"] > 0).float()
    )


def _light(canvas: Canvas, how: Traits) -> Tensor:
    """Brighter on one side, ``[n, pixels]``."""
    return 1 + how["light"] * (canvas.across * how["light_from"].cos() + canvas.down * how["light_from"].sin())


assert len(LANDMARKS) == 10
