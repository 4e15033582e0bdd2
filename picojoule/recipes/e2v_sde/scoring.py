"""How good films are, from the window on from which intensities can be known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.metrics.image import inconsistency, mse, ssim
from picojoule.models.vision.textures import pdist
from picojoule.train.reconstruction import FIRST


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """Means over frames: MSE, SSIM, pdist, and over films the temporal inconsistency, None without a true flow."""

    mse: float
    ssim: float
    pdist: float
    inconsistency: float | None = None


@torch.no_grad()
def quality(found: Tensor, due: Tensor, flow: Tensor | None = None) -> Quality:
    """How near films are.

    Args:
        found, due: ``[n, windows, h, w]``, or ``[n, windows, parts, h, w]``; the first windows do not count.
        flow: from each frame back to the one before; for one frame a window.
    """
    found, due = found[:, FIRST:].clamp(0, 1), due[:, FIRST:]
    steady = None if flow is None else float(inconsistency(found, due, flow[:, FIRST:]).mean())
    pictures = [each.reshape(-1, *each.shape[-2:]) for each in (found, due)]
    means = (float(measure(*pictures).mean()) for measure in (mse, ssim, pdist))
    return Quality(**dict(zip(("mse", "ssim", "pdist"), means, strict=True)), inconsistency=steady)


def mean_quality(found: list[Quality]) -> Quality:
    """The mean over seeds."""

    def mean(name: str) -> float | None:
        values = [getattr(each, name) for each in found]
        return None if None in values else sum(values) / len(values)

    return Quality(**{name: mean(name) for name in Quality.__slots__})  # type: ignore[arg-type]


@torch.no_grad()
def by_window(found: Tensor, due: Tensor) -> list[float]:
    """SSIM of every window's frame, the first included: films ``[n, windows, h, w]``."""
    return [float(ssim(a.clamp(0, 1), b).mean()) for a, b in zip(found.unbind(1), due.unbind(1), strict=True)]


def spearman(x: Tensor, y: Tensor) -> float:
    """The correlation of ranks."""
    a, b = (each.flatten().argsort().argsort().double() for each in (x, y))
    return float(torch.corrcoef(torch.stack((a, b)))[0, 1])
