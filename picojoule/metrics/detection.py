"""How good a detector is: average precision by PASCAL VOC's rule, and COCO's mean through pycocotools.

::

    AP = Σ_k (r_k − r_{k−1})·max_{j ≥ k} p_j        p, r: precision and recall of the k best-scored boxes of a class

By VOC's rule a box is right when the true box that it covers best is of its class, is covered by at least half, and
was not covered by a better-scored box; what covers a difficult one best counts neither way. All points of the curve are
used, as VOC does since 2010. Coordinates are continuous: a box is as wide as right − left, without VOC's extra pixel.

Reference: cite keys ``everingham2010``, ``lin2014``.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Any, Protocol, final

import numpy as np
import torch
from torch import Tensor

from picojoule.base.errors import DataError
from picojoule.base.extras import needed
from picojoule.metrics.boxes import Found, area, iou

_MOST_CLASSES = 100_000


class Truth(Protocol):
    """The true boxes of some pictures: shapes as those of :class:`Found`; ``difficult`` is bool ``[n]``."""

    owners: Tensor
    classes: Tensor
    boxes: Tensor
    difficult: Tensor


def voc_ap(found: Found, truth: Truth, *, classes: int, overlap: float = 0.5) -> list[float | None]:
    """Average precision of each class; None for one that no picture has.

    Args:
        found, truth: boxes of the same pictures.
        classes: how many there are.
        overlap: least intersection over union of a right box.

    Raises:
        DataError: a class that is none, or a score that is no number.
    """
    _require_sound(found, truth, classes)
    judged = _Judged.of(found, truth, overlap)
    return [judged.ap(each) for each in range(classes)]


def voc_map(found: Found, truth: Truth, *, classes: int, overlap: float = 0.5) -> float:
    """The mean over the classes that the pictures have; mAP50 by default.

    Raises:
        DataError: as :func:`voc_ap`, or there is no true box.
    """
    known = [each for each in voc_ap(found, truth, classes=classes, overlap=overlap) if each is not None]
    if not known:
        raise DataError("no picture has a box", where="voc_map", remedy="give pictures with boxes")
    return float(np.mean(known))


def voc_interval(found: Found, truth: Truth, *, classes: int, draws: int = 200, seed: int = 0) -> tuple[float, float]:
    """The middle 95 % of mAP50 over draws, with replacement, of as many pictures as there are.

    Args:
        found, truth, classes: as for :func:`voc_map`.
        draws: how many.
        seed: of the draws.
    """
    pictures = 1 + max([0, *truth.owners.tolist(), *found.owners.tolist()])
    generator = torch.Generator().manual_seed(seed)
    judged = _Judged.of(found, truth, 0.5)
    values = []
    for _ in range(draws):
        drawn = torch.randint(pictures, (pictures,), generator=generator)
        times = torch.bincount(drawn, minlength=pictures).numpy()
        known = [each for kind in range(classes) if (each := judged.ap(kind, times)) is not None]
        values.append(float(np.mean(known)) if known else 0.0)
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class _Judged:
    """Boxes found, best score first, each right, wrong or neither; and the true boxes that count.

    Attributes:
        kinds, owners, right: class and picture of each box, and whether it is right; those that count neither way left
            out.
        sought, sought_in: class and picture of each true box that is not difficult.
    """

    kinds: np.ndarray
    owners: np.ndarray
    right: np.ndarray
    sought: np.ndarray
    sought_in: np.ndarray

    @staticmethod
    def of(found: Found, truth: Truth, overlap: float) -> _Judged:
        order = np.argsort(-found.scores.numpy(), kind="stable")
        nearest, covered = _nearest(found, truth)
        nearest, hit = nearest[order], covered[order] >= overlap
        held = np.flatnonzero(hit)
        right = np.zeros(len(order), bool)
        right[held[np.unique(nearest[held], return_index=True)[1]]] = True
        hard = truth.difficult.numpy()
        counts = ~hit
        counts[held] = ~hard[nearest[held]]
        return _Judged(
            kinds=found.classes.numpy()[order][counts],
            owners=found.owners.numpy()[order][counts],
            right=right[counts],
            sought=truth.classes.numpy()[~hard],
            sought_in=truth.owners.numpy()[~hard],
        )

    def ap(self, kind: int, times: np.ndarray | None = None) -> float | None:
        """Average precision of a class, each picture taken so many times; None where nothing is sought."""
        mine, its = self.kinds == kind, self.sought_in[self.sought == kind]
        weights = np.ones(int(mine.sum())) if times is None else times[self.owners[mine]].astype(float)
        positives = len(its) if times is None else int(times[its].sum())
        if not positives:
            return None
        right = self.right[mine] * weights
        precision = np.cumsum(right) / np.maximum(np.cumsum(weights), 1e-12)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        return float((envelope * right).sum() / positives)


def _nearest(found: Found, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """For each box found, the true box of its picture and class that it covers best (−1: none), and how far."""
    nearest, covered = np.full(len(found), -1), np.zeros(len(found))
    mine, theirs = (_groups(each) for each in (found, truth))
    for key, places in theirs.items():
        if key in mine:
            best = iou(found.boxes[mine[key]], truth.boxes[places]).max(1)
            nearest[mine[key]], covered[mine[key]] = places[best.indices.numpy()], best.values.numpy()
    return nearest, covered


def _groups(boxes: Found | Truth) -> dict[int, np.ndarray]:
    """Positions of the boxes of each picture and class."""
    if not len(boxes.owners):
        return {}
    keys = (boxes.owners * _MOST_CLASSES + boxes.classes).numpy()
    order = np.argsort(keys, kind="stable")
    values, starts = np.unique(keys[order], return_index=True)
    return dict(zip(values.tolist(), np.split(order, starts[1:]), strict=True))


def _require_sound(found: Found, truth: Truth, classes: int) -> None:
    for what, given in (("found", found.classes), ("true", truth.classes)):
        if len(given) and not 0 <= int(given.min()) <= int(given.max()) < classes:
            raise DataError(
                f"a {what} box of class {int(given.max())} where there are {classes}",
                where="average precision",
                remedy="use the classes the detector was trained for",
            )
    if not torch.isfinite(found.scores).all():
        raise DataError("a score is no finite number", where="average precision", remedy="look at the outputs")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class CocoScores:
    """COCO's means, fractions: over overlaps 0.5 … 0.95, and at 0.5 and 0.75."""

    map: float
    map50: float
    map75: float


def coco_map(found: Found, truth: Truth, *, classes: int) -> CocoScores:
    """COCO's mean average precision, by pycocotools: 101 points of recall, the 100 best boxes of a picture.

    Raises:
        MissingExtra: pycocotools is not installed.
        DataError: as :func:`voc_ap`.
    """
    _require_sound(found, truth, classes)
    told = {"extra": "detection", "needed_for": "COCO's mean average precision"}
    COCO, COCOeval = needed("pycocotools.coco", **told).COCO, needed("pycocotools.cocoeval", **told).COCOeval
    last = max([0, *truth.owners.tolist(), *found.owners.tolist()])
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO()
        known.dataset = {
            "images": [{"id": number} for number in range(last + 1)],
            "categories": [{"id": number} for number in range(classes)],
            "annotations": _annotations(truth, truth.difficult),
        }
        known.createIndex()
        if not len(found):
            return CocoScores(map=0.0, map50=0.0, map75=0.0)
        given = COCO()
        given.dataset = {**known.dataset, "annotations": _annotations(found, None)}
        given.createIndex()
        judge = COCOeval(known, given, "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return CocoScores(**dict(zip(("map", "map50", "map75"), map(float, judge.stats[:3]), strict=True)))


def _annotations(given: Any, difficult: Tensor | None) -> list[dict[str, Any]]:
    """COCO's rows: corner and size, numbered from 1, since pycocotools takes 0 for no match."""
    boxes = torch.cat([given.boxes[:, :2], given.boxes[:, 2:] - given.boxes[:, :2]], 1).tolist()
    rows = zip(given.owners.tolist(), given.classes.tolist(), boxes, area(given.boxes).tolist(), strict=True)
    found = [
        {"id": number, "image_id": owner, "category_id": kind, "bbox": box, "area": size, "iscrowd": 0, "ignore": 0}
        for number, (owner, kind, box, size) in enumerate(rows, 1)
    ]
    for row, value in zip(found, (given.scores if difficult is None else difficult).tolist(), strict=True):
        row["score" if difficult is None else "ignore"] = value if difficult is None else int(value)
    return found
