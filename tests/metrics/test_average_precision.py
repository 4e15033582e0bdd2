"""Average precision against a plain loop over VOC's rule, against pycocotools, and on cases worked out by hand."""

from dataclasses import replace

import pytest
import torch

from picojoule.base.errors import DataError
from picojoule.data.vision.detection import Scenes
from picojoule.metrics import Found, coco_map, iou, voc_ap, voc_interval, voc_map


def scenes(pictures: int = 12, classes: int = 3, seed: int = 0, hard: float = 0.0) -> Scenes:
    """Boxes of which no two of a picture meet."""
    g = torch.Generator().manual_seed(seed)
    corners = torch.tensor([[x, y] for x in range(0, 64, 16) for y in range(0, 64, 16)])
    chosen = [corners[torch.randperm(16, generator=g)[:6]] for _ in range(pictures)]
    low = torch.cat(chosen).float()
    return Scenes(
        images=torch.zeros(pictures, 3, 64, 64),
        owners=torch.arange(pictures).repeat_interleave(6),
        classes=torch.randint(classes, (6 * pictures,), generator=g),
        boxes=torch.cat([low, low + 8 + 7 * torch.rand(len(low), 2, generator=g)], 1),
        difficult=torch.rand(6 * pictures, generator=g) < hard,
    )


def guesses(truth: Scenes, classes: int = 3, seed: int = 1) -> Found:
    """Most true boxes, moved a little, some twice, and boxes of nothing."""
    g = torch.Generator().manual_seed(seed)
    picked = torch.randint(len(truth.boxes), (2 * len(truth.boxes),), generator=g)
    boxes = truth.boxes[picked] + 5 * (torch.rand(len(picked), 4, generator=g) - 0.5)
    kinds = torch.where(torch.rand(len(picked), generator=g) < 0.8, truth.classes[picked],
                        torch.randint(classes, (len(picked),), generator=g))  # fmt: skip
    scores = torch.rand(len(picked), generator=g)
    return Found(owners=truth.owners[picked], classes=kinds, boxes=boxes, scores=scores)


def by_the_book(found: Found, truth: Scenes, kind: int) -> float:
    """VOC's rule as a loop, the area as a sum over recalls."""
    mine = [k for k in range(len(found)) if found.classes[k] == kind]
    taken, right = set(), []
    for k in sorted(mine, key=lambda k: -float(found.scores[k])):
        there = [j for j in range(len(truth.boxes)) if truth.owners[j] == found.owners[k] and truth.classes[j] == kind]
        best = max(there, key=lambda j: float(iou(found.boxes[k : k + 1], truth.boxes[j : j + 1])), default=None)
        good = best is not None and float(iou(found.boxes[k : k + 1], truth.boxes[best : best + 1])) >= 0.5
        if good and truth.difficult[best]:
            continue
        right.append(good and best not in taken)
        taken |= {best} if good else set()
    positives = int(((truth.classes == kind) & ~truth.difficult).sum())
    precision = [sum(right[: n + 1]) / (n + 1) for n in range(len(right))]
    return sum(max(precision[n:]) for n in range(len(right)) if right[n]) / positives


@pytest.mark.parametrize("hard", [0.0, 0.3])
def test_is_the_loop(hard):
    truth = scenes(hard=hard)
    found = guesses(truth)
    for kind, value in enumerate(voc_ap(found, truth, classes=3)):
        assert value == pytest.approx(by_the_book(found, truth, kind), abs=1e-9)


def test_agrees_with_pycocotools():
    """Its 101 points of recall are ours where there are 100 true boxes: one more counts the first precision again.

    A recall of k/100 may be above or below its point by a rounding."""
    pytest.importorskip("pycocotools")
    truth = scenes(pictures=50, classes=1).select(torch.arange(50))
    hundred = torch.arange(100)
    truth = replace(truth, **{n: getattr(truth, n)[hundred] for n in ("owners", "classes", "boxes", "difficult")})
    found = guesses(truth, classes=1)
    first = found.scores.argmax()
    found.boxes[first], found.classes[first] = truth.boxes[0], 0
    found.owners[first] = truth.owners[0]
    ours = voc_map(found, truth, classes=1)
    assert coco_map(found, truth, classes=1).map50 == pytest.approx((100 * ours + 1) / 101, abs=2e-4)


def test_ends_of_the_scale():
    truth = scenes()
    perfect = Found(owners=truth.owners, classes=truth.classes, boxes=truth.boxes, scores=torch.ones(len(truth.boxes)))
    none = perfect.where(torch.zeros(0, dtype=torch.int64))
    for found, value in ((perfect, 1.0), (none, 0.0)):
        assert voc_map(found, truth, classes=3) == value
        assert coco_map(found, truth, classes=3).map == pytest.approx(value, abs=1e-9)
    assert voc_interval(perfect, truth, classes=3, draws=5) == (1.0, 1.0)


def test_the_interval_holds_the_value():
    truth = scenes(pictures=30)
    found = guesses(truth)
    low, high = voc_interval(found, truth, classes=3)
    assert low < voc_map(found, truth, classes=3) < high < low + 0.5


def test_a_class_that_no_picture_has_is_unknown():
    truth = scenes(classes=2)
    assert voc_ap(guesses(truth, classes=2), truth, classes=4)[2:] == [None, None]


def test_wrong_input():
    truth = scenes()
    found = guesses(truth)
    with pytest.raises(DataError, match="class 2 where there are 2"):
        voc_map(found, truth, classes=2)
    with pytest.raises(DataError, match="no finite number"):
        voc_map(replace(found, scores=found.scores * torch.nan), truth, classes=3)
    empty = truth.take(1)
    empty = replace(empty, **{n: getattr(empty, n)[:0] for n in ("owners", "classes", "boxes", "difficult")})
    with pytest.raises(DataError, match="no picture has a box"):
        voc_map(found.where(found.owners > 99), empty, classes=3)
