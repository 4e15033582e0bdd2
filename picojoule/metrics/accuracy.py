"""Classification accuracy and the interval around it."""

from __future__ import annotations

from math import sqrt

from torch import Tensor

from picojoule.base.errors import DataError


def correct(outputs: Tensor, labels: Tensor) -> int:
    """How many samples' largest output is at their label.

    Args:
        outputs: ``[batch, classes]``.
        labels: int64 ``[batch]``.

    Raises:
        DataError: labels that are no classes of this network.
    """
    if outputs.dim() != 2 or labels.dim() != 1 or len(labels) != len(outputs):
        raise DataError(
            f"outputs of shape {tuple(outputs.shape)} and labels of shape {tuple(labels.shape)}",
            where="accuracy",
            remedy="give outputs [batch, classes] and labels [batch]",
        )
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < outputs.shape[1]:
        raise DataError(
            f"labels from {int(labels.min())} to {int(labels.max())} for {outputs.shape[1]} outputs",
            where="accuracy",
            remedy="use the data set the network was trained on",
        )
    return int((outputs.argmax(1) == labels).sum())


def wilson(hits: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a proportion, 95 % by default."""
    share = hits / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
    return max(0.0, centre - half), min(1.0, centre + half)


def paired(ours: Tensor, theirs: Tensor, z: float = 1.96) -> tuple[float, float]:
    """Interval of the difference between two accuracies on the same samples, 95 % by default.

    Args:
        ours, theirs: whether each decision was right, bool ``[n]``.
        z: deviations to either side.
    """
    difference = ours.double() - theirs.double()
    half = z * float(difference.std(correction=0)) / sqrt(len(difference))
    return float(difference.mean()) - half, float(difference.mean()) + half
