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


def gained(right: Tensor, other: Tensor, z: float = 1.96) -> tuple[float, float, float]:
    """How many more decisions are right than another system's on the same samples, and the interval around that share.

    d_i = right_i − other_i is −1, 0 or 1; the interval is mean(d) ± z·sd(d)/√n, 95 % by default.

    Args:
        right, other: bool ``[samples]``.

    Returns:
        The difference, its lowest and its highest.

    Raises:
        DataError: of different samples, or fewer than two.
    """
    if right.shape != other.shape or right.dim() != 1 or len(right) < 2:
        raise DataError(
            f"decisions of shapes {tuple(right.shape)} and {tuple(other.shape)}",
            where="paired accuracy",
            remedy="give both systems the same samples, two or more",
        )
    d = right.double() - other.double()
    mean, half = float(d.mean()), z * float(d.std()) / sqrt(len(d))
    return mean, mean - half, mean + half
