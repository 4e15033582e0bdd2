"""The photos that scikit-image ships in its wheel. Nothing is fetched."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from picojoule.base.errors import MissingExtra

LONGEST = 256


@cache
def photo(name: str, *, longest: int = LONGEST) -> Tensor:
    """A photo, ``[3, h, w]`` in [0, 1].

    Args:
        name: of its file, such as ``astronaut.png``.
        longest: pixels of its longer side at most.

    Raises:
        MissingExtra: scikit-image is not installed, or has no such photo.
    """
    spec = importlib.util.find_spec("skimage")
    places = [Path(each) / "data" / name for each in (spec.submodule_search_locations or [])] if spec else []
    path = next((each for each in places if each.is_file()), None)
    if path is None:
        raise MissingExtra("scikit-image", extra="demo", needed_for=f"the photo {name}")
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((longest, longest), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255


def grey(picture: Tensor) -> Tensor:
    """Luma ``[h, w]`` of a picture ``[3, h, w]`` (ITU-R BT.601)."""
    return torch.einsum("c,chw->hw", torch.tensor([0.299, 0.587, 0.114]), picture)
