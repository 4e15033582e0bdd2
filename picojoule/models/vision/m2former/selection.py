"""Multi-scale patch selection: which patches of a stage are kept."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from picojoule.base.errors import InputError


class Selected(NamedTuple):
    """Patches that were kept ``[batch, k, channels]``, the best first, and their places in the grid ``[batch, k]``."""

    patches: Tensor
    places: Tensor


def merged(tokens: Tensor, merge: int) -> Tensor:
    """Means of squares of `merge`² tokens: ``[batch, side², channels]`` to ``[batch, (side // merge)², channels]``."""
    if merge == 1:
        return tokens
    side = round(tokens.shape[1] ** 0.5)
    grid = tokens.transpose(1, 2).unflatten(2, (side, side))
    return F.avg_pool2d(grid, merge).flatten(2).transpose(1, 2)


def select(patches: Tensor, scores: Tensor, kept: int) -> Selected:
    """The `kept` patches of the highest scores, in their order. No gradient reaches the scores.

    Args:
        patches: ``[batch, n, channels]``.
        scores: ``[batch, n]``.
        kept: how many.

    Raises:
        InputError: more than there are.
    """
    if kept > patches.shape[1]:
        raise InputError(
            f"{kept} patches to keep of {patches.shape[1]}",
            where="patch selection",
            remedy="keep fewer, or merge fewer",
        )
    places = scores.detach().topk(kept, dim=1).indices
    return Selected(patches.gather(1, places[:, :, None].expand(-1, -1, patches.shape[2])), places)


def by_mean(patches: Tensor, _attention: Tensor | None) -> Tensor:
    """The paper's score: the mean of a patch's channels."""
    return patches.mean(2)


def by_norm(patches: Tensor, _attention: Tensor | None) -> Tensor:
    """The length of a patch's channels."""
    return patches.norm(dim=2)


def by_attention(patches: Tensor, attention: Tensor | None) -> Tensor:
    """What the class token attends to ``[batch, rows, columns]``, on the grid of the patches."""
    assert attention is not None
    side = round(patches.shape[1] ** 0.5)
    return F.interpolate(attention[:, None], (side, side), mode="bilinear", align_corners=False).flatten(1)


def by_chance(patches: Tensor, _attention: Tensor | None) -> Tensor:
    """Anything; the same at every call that needs no gradient."""
    generator = None if torch.is_grad_enabled() else torch.Generator(patches.device).manual_seed(0)
    return torch.rand(patches.shape[:2], generator=generator, device=patches.device)


SCORES = {"mean": by_mean, "norm": by_norm, "attention": by_attention, "random": by_chance}
