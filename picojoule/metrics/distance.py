"""How far two sets of samples are apart: the kernel distance, a maximum mean discrepancy with a cubic kernel.

::

    k(a, b) = (a·b/d + 1)³;   D = mean_{i≠j} k(x_i, x_j) + mean_{i≠j} k(y_i, y_j) − 2·mean k(x_i, y_j)

It has no bias: of two sets from one source its mean is 0, and it may be negative.
"""

from __future__ import annotations

from torch import Tensor

from picojoule.base.errors import InputError


def kernel_distance(x: Tensor, y: Tensor) -> float:
    """D of features ``[n, d]`` and ``[m, d]``.

    Raises:
        InputError: a set of fewer than two.
    """
    if min(len(x), len(y)) < 2:
        raise InputError(f"sets of {len(x)} and {len(y)}", where="kernel_distance", remedy="give two samples or more")
    x, y = x.double(), y.double()
    within = sum(_apart(each) for each in (x, y))
    return float(within - 2 * _kernel(x, y).mean())


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _apart(x: Tensor) -> Tensor:
    """The mean over pairs of different samples."""
    k = _kernel(x, x)
    return (k.sum() - k.trace()) / (len(x) * (len(x) - 1))
