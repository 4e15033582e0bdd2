"""Buckets of equal size by how easy samples are."""

from __future__ import annotations

import torch
from torch import Tensor

from picojoule.base.errors import InputError


def buckets(ease: Tensor, count: int, *, groups: Tensor | None = None, seed: int = 0) -> tuple[Tensor, ...]:
    """Positions of the samples of each bucket, the easiest bucket first, and the easiest of each first.

    With groups, each bucket has its share of every group: where most samples are of one easy class, the first bucket
    would else have hardly any other.

    Args:
        ease: of each sample, ``[n]``; higher is easier.
        count: buckets; their sizes differ by at most one in each group.
        groups: int64 ``[n]``, such as the classes; all are one if None.
        seed: equally easy samples are ordered by chance, not as the data set has them.

    Raises:
        InputError: fewer samples than buckets.
    """
    if not 1 <= count <= len(ease):
        what = f"{count} buckets of {len(ease)} samples"
        raise InputError(what, where="buckets", remedy="make fewer buckets, or give more samples")
    chance = torch.randperm(len(ease), generator=torch.Generator().manual_seed(seed))
    order = chance[ease[chance].argsort(descending=True, stable=True)]
    rank = _rank(order, torch.zeros_like(order) if groups is None else groups)
    which = (rank * count).floor().long().clamp_max(count - 1)
    return tuple(order[which[order] == number] for number in range(count))


def _rank(order: Tensor, groups: Tensor) -> Tensor:
    """Of each sample the share of its group that is easier, from 0 to below 1."""
    rank = torch.empty(len(order), dtype=torch.float64)
    for group in groups.unique():
        members = order[groups[order] == group]
        rank[members] = torch.arange(len(members), dtype=torch.float64) / len(members)
    return rank
