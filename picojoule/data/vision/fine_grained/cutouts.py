"""Real cut-outs on generated grounds: a folder of pictures with an alpha channel, each a class.

One photograph a class tests robustness to scale, pose and clutter, not whether a species is known again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageEnhance
from torch import Tensor

from picojoule.base.errors import DataError
from picojoule.base.files import sha256
from picojoule.base.progress import track
from picojoule.data.vision.fine_grained.grounds import blotted, ground
from picojoule.data.vision.folder import decoded
from picojoule.data.vision.images import Dataset, Images

VERSION = 1
_SHARES = (0.25, 0.9)  # of the picture's side that the longer side of a cut-out spans
_TURN = 25.0  # degrees
_NOISE, _BLOTS = 3 * (16 + 64), 6


def is_cutouts(folder: Path) -> bool:
    """Whether it holds .png pictures, and no folders with pictures."""
    return any(folder.glob("*.png")) and not any(folder.glob("*/*.png"))


def load(folder: Path, *, train: int = 60, test: int = 30, side: int = 128, seed: int = 0) -> Dataset:
    """Cut-outs at random scale, turn, light and place, perhaps mirrored, on noise with blots.

    Args:
        folder: of .png files with transparency.
        train, test: pictures a class.
        side: of a picture, in pixels.
        seed: of everything random.

    Raises:
        DataError: a file that is no picture, or has nothing cut out; fewer than two files.
    """
    paths = sorted(folder.glob("*.png"))
    if len(paths) < 2:
        raise DataError(
            f"there are {len(paths)} cut-outs", where=str(folder), remedy="give one for each of two classes"
        )
    cut = [_cut(path) for path in paths]
    parts = {
        part: _drawn(cut, number, side, 2 * seed + (part == "test"))
        for part, number in (("train", train), ("test", test))
    }
    raw = [path.read_bytes() for path in paths]
    name = f"cut-outs-v{VERSION}-{folder.resolve().name}-{side}px-seed{seed}"
    return Dataset(name=name, sha256=sha256(*raw, name.encode()), **parts)


def _cut(path: Path) -> Image.Image:
    """The part of a picture that is not transparent."""
    picture = decoded(path.read_bytes(), "RGBA", where=path)
    box, clear = picture.getchannel("A").getbbox(), picture.getchannel("A").getextrema()[0]
    if box is None or clear == 255:
        raise DataError("nothing is cut out", where=str(path), remedy="give pictures with transparency")
    return picture.crop(box)


def _drawn(cut: list[Image.Image], number: int, side: int, seed: int) -> Images:
    labels = torch.arange(number * len(cut)) % len(cut)
    pages = [
        _placed(cut[label], torch.Generator().manual_seed(1_000_003 * seed + index), side)
        for index, label in enumerate(track(labels.tolist(), "placing cut-outs"))
    ]
    return Images(images=torch.stack(pages), labels=labels)


def _placed(picture: Image.Image, generator: torch.Generator, side: int) -> Tensor:
    draws = torch.rand(7, generator=generator).tolist()
    page = ground(torch.rand(1, _NOISE, generator=generator), side)
    page = blotted(page, torch.rand(1, _BLOTS, 8, generator=generator))[0]
    factor = (_SHARES[0] + draws[0] * (_SHARES[1] - _SHARES[0])) * side / max(picture.size)
    picture = picture.resize([max(1, round(each * factor)) for each in picture.size], Image.Resampling.BILINEAR)
    picture = picture.rotate(_TURN * (2 * draws[1] - 1), Image.Resampling.BILINEAR, expand=True)
    if draws[2] < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    lit = ImageEnhance.Brightness(picture.convert("RGB")).enhance(0.75 + 0.5 * draws[3])
    left, top = (round(draw * (side - size)) for draw, size in zip(draws[4:6], picture.size, strict=True))
    front = Image.new("RGBA", (side, side))
    front.paste(lit, (left, top), picture.getchannel("A"))
    pixels = torch.from_numpy(np.array(front)).permute(2, 0, 1).float() / 255
    return ((page + pixels[3:] * (pixels[:3] - page)) * 255).round().clamp(0, 255) / 255
