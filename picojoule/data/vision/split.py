"""The deterministic 80/20 split of data that come without a test part."""

from __future__ import annotations

import torch
from torch import Tensor

from picojoule.base.errors import DataError


def every_fifth(labels: Tensor, *, where: str) -> tuple[Tensor, Tensor]:
    """Positions of the training and of the test images: every fifth image *of each class* is for the test.

    Counting within the class keeps the classes in proportion whatever the order of the file.

    Args:
        labels: int64 ``[n]``.
        where: the data's name, for the message.

    Returns:
        Two int64 tensors, ascending, that together hold 0 … n − 1.

    Raises:
        DataError: no class has five images, so that nothing would be left to test.
    """
    order = torch.argsort(labels, stable=True)
    counts = torch.unique_consecutive(labels[order], return_counts=True)[1]
    starts = torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    rank_in_class = torch.empty_like(order)
    rank_in_class[order] = torch.arange(len(labels)) - starts
    is_test = rank_in_class % 5 == 4
    if not is_test.any():
        raise DataError(
            "no class has five images, so that every fifth of a class could be kept for the test",
            where=where,
            remedy="give more images, or a training and a test part",
        )
    return torch.nonzero(~is_test)[:, 0], torch.nonzero(is_test)[:, 0]
