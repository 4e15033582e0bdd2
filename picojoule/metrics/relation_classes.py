"""How good relations are told apart: two F1 that leave a class out.

::

    micro:  P = Σ_c≠0 M_cc / Σ_c≠0 predicted_c      R = Σ_c≠0 M_cc / Σ_c≠0 true_c      F1 = 2PR/(P + R)
    macro:  the mean over relations r of F1_r, both directions of r together; a right relation in the wrong direction is
            one false alarm and one miss

M_ij counts samples of class i that were called j; class 0 says that there is no relation. The first is TACRED's (cite
key ``zhang2017``), the second SemEval-2010 task 8's official one (cite key ``hendrickx2010``). As TACRED's scorer has
it, P is 1 where nothing was called a relation, and R where none was one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from picojoule.base.errors import DataError

Score = Callable[[Tensor], float]
"""How good confusions are; higher is better."""
Groups = Sequence[Sequence[int]]
"""Classes that are one relation in different directions."""


def confusion(true: Tensor, called: Tensor, classes: int, times: Tensor | None = None) -> Tensor:
    """M, float64 ``[classes, classes]``.

    Args:
        true, called: int64 ``[n]``.
        classes: how many there are.
        times: how often each sample counts, ``[n]``; once if None.

    Raises:
        DataError: a class that is none, or lengths that differ.
    """
    if true.shape != called.shape:
        what = f"{len(true)} true classes and {len(called)} called"
        raise DataError(what, where="confusion", remedy="give one each for every sample")
    both = torch.cat([true, called])
    if len(both) and not 0 <= int(both.min()) <= int(both.max()) < classes:
        what = f"classes from {int(both.min())} to {int(both.max())} where there are {classes}"
        raise DataError(what, where="confusion", remedy="use the classes of the data set")
    weights = None if times is None else times.double()
    return torch.bincount(true * classes + called, weights, minlength=classes**2).double().view(classes, classes)


def micro_f1(M: Tensor, *, negative: int | None = 0) -> float:
    """TACRED's F1: over all classes but `negative`; over all, which is the accuracy, where it is None."""
    return scores_without(M, negative=negative)["f1"]


def scores_without(M: Tensor, *, negative: int | None = 0) -> Mapping[str, float]:
    """Micro precision, recall and F1 over all classes but `negative`."""
    kept = torch.tensor([number != negative for number in range(len(M))])
    right, called, true = (float(each[kept].sum()) for each in (M.diag(), M.sum(0), M.sum(1)))
    precision, recall = right / called if called else 1.0, right / true if true else 1.0
    return {"precision": precision, "recall": recall, "f1": _f1(precision, recall)}


def macro_f1(M: Tensor, groups: Groups) -> float:
    """SemEval's F1: the mean over relations, each in whatever directions it has.

    Args:
        M: the confusions.
        groups: the classes of each relation; what is in none, as Other, is no relation.
    """
    return sum(_of_group(M, group) for group in groups) / len(groups)


def groups_of(labels: Sequence[str], *, negative: str) -> Groups:
    """Classes that differ only in their direction, ``(e1,e2)`` or ``(e2,e1)``, together."""
    found: dict[str, list[int]] = {}
    for number, label in enumerate(labels):
        if label != negative:
            found.setdefault(label.removesuffix("(e1,e2)").removesuffix("(e2,e1)"), []).append(number)
    return tuple(map(tuple, found.values()))


def _of_group(M: Tensor, group: Sequence[int]) -> float:
    right = sum(float(M[each, each]) for each in group)
    called, true = float(M[:, list(group)].sum()), float(M[list(group)].sum())
    return _f1(right / called if called else 0.0, right / true if true else 0.0)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
