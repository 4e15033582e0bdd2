"""A picture of any size into the one a network takes, and boxes there and back."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from picojoule.base.errors import DataError
from picojoule.base.files import read_bytes

_GREY = 127
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Where a picture lies in the network's input: x' = scale·x + offset, along both axes.

    Attributes:
        scale, offset: of x and of y.
        size: height and width of the picture itself.
    """

    scale: tuple[float, float]
    offset: tuple[float, float]
    size: tuple[int, int]

    def inside(self, boxes: Tensor) -> Tensor:
        """Boxes ``[n, 4]`` of the picture, in the network's input."""
        return boxes * torch.tensor(self.scale * 2) + torch.tensor(self.offset * 2)

    def back(self, boxes: Tensor) -> Tensor:
        """Boxes ``[n, 4]`` of the network's input, in the picture, cut at its edges."""
        height, width = self.size
        whole = (boxes - torch.tensor(self.offset * 2)) / torch.tensor(self.scale * 2)
        return torch.minimum(whole.clamp_min(0), torch.tensor([width, height] * 2).to(whole))


def letterbox(picture: Image.Image, size: tuple[int, int], *, stretch: bool = False) -> tuple[Tensor, Placement]:
    """The picture scaled into `size` (height, width), grey beside it.

    Args:
        picture: of any size and mode.
        size: of the network's input.
        stretch: fill it instead, as darknet's own test does; shapes change then.

    Returns:
        Pixels ``[3, height, width]`` in [0, 1], and where the picture lies.
    """
    height, width = size
    both = width / picture.width, height / picture.height
    scale = both if stretch else (min(both),) * 2
    inner = tuple(max(1, round(side * s)) for side, s in zip(picture.size, scale, strict=True))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    page = Image.new("RGB", (width, height), (_GREY,) * 3)
    page.paste(picture.convert("RGB").resize(inner, Image.Resampling.BILINEAR), (left, top))
    pixels = torch.from_numpy(np.array(page)).permute(2, 0, 1).float() / 255
    exact = inner[0] / picture.width, inner[1] / picture.height
    return pixels, Placement(scale=exact, offset=(float(left), float(top)), size=(picture.height, picture.width))


def open_picture(given: Path | str | bytes, *, where: str | None = None) -> Image.Image:
    """The picture in a file or in the bytes of one, decoded.

    Raises:
        DataError: no such file, or not a picture that can be read whole.
    """
    place = where or str(given)
    raw = given if isinstance(given, bytes) else _read(given)
    try:
        with Image.open(io.BytesIO(raw)) as opened:
            return opened.convert("RGB")
    except _BROKEN as problem:
        why = "not a known kind of picture" if isinstance(problem, UnidentifiedImageError) else problem
        raise DataError(
            f"the picture cannot be read ({why})", where=place, remedy="give a PNG or JPEG picture that opens elsewhere"
        ) from None


def _read(path: Path | str) -> bytes:
    if Path(path).is_dir():
        raise DataError("it is a folder", where=str(path), remedy="give one picture")
    return read_bytes(path, what="picture")
