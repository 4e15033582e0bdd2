"""How well a number tells two kinds apart, whatever the threshold: the area under the curve of hits and false alarms.

::

    AUC = P(score of one kind > score of the other) + ½·P(they are equal)
"""

from __future__ import annotations

import torch
from torch import Tensor

from picojoule.base.errors import InputError


def auc(scores: Tensor, positive: Tensor) -> float:
    """The area, 0 … 1; ½ is chance.

    Args:
        scores: ``[n]``, higher means more positive.
        positive: bool ``[n]``.

    Raises:
        InputError: all samples are of one kind.
    """
    one, other = scores[positive], scores[~positive].sort().values
    if not (len(one) and len(other)):
        raise InputError("all samples are of one kind", where="auc", remedy="give samples of both")
    below, up_to = (torch.searchsorted(other, one.contiguous(), right=right) for right in (False, True))
    return float((below + up_to).double().sum() / (2 * len(one) * len(other)))
