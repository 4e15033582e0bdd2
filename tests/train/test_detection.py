"""The loss of YOLO v2 against plain loops, and a detector that learns."""

import json
import math

import pytest
import torch
from safetensors import safe_open

from picojoule.data.vision.detection import embedded
from picojoule.metrics import iou, voc_map
from picojoule.models.loading import METADATA_KEY, embedded_detector, in_half
from picojoule.models.vision.detection import Head, small_yolo
from picojoule.train import detector
from picojoule.train.detection import yolo_loss
from picojoule.train.detector import Settings, found_by, train_detector


class Fixed(torch.nn.Module):
    """A detector that always gives one map."""

    def __init__(self, head: Head, raw: torch.Tensor) -> None:
        super().__init__()
        self.head, self.raw = head, raw

    def forward(self, x):
        return self.raw


def by_hand(head: Head, raw: torch.Tensor, y: torch.Tensor, size: int) -> float:
    """The equation of the module, term by term."""
    total, (rows, columns) = 0.0, raw.shape[2:]
    parts, cell = head.split(raw), size / rows
    boxes = head.boxes(parts, (size, size))
    sigma = lambda v: 1 / (1 + math.exp(-float(v)))  # noqa: E731
    for b in range(len(raw)):
        true = [row for row in y[b] if row[0] >= 0]
        responsible = {}
        for row in true:
            left, top, right, bottom = row[1:].tolist()
            w, h, x, y_ = right - left, bottom - top, (left + right) / 2 / cell, (top + bottom) / 2 / cell
            centred = torch.tensor([[-w / 2, -h / 2, w / 2, h / 2]])
            fits = [float(iou(centred, torch.tensor([[-p / 2, -q / 2, p / 2, q / 2]]))) for p, q in head.anchors]
            a = fits.index(max(fits))
            responsible[a, int(y_), int(x)] = row
            p = parts[b, a, int(y_), int(x)]
            misses = (sigma(p[0]) - x % 1) ** 2 + (sigma(p[1]) - y_ % 1) ** 2
            misses += (float(p[2]) - math.log(w / head.anchors[a][0])) ** 2
            misses += (float(p[3]) - math.log(h / head.anchors[a][1])) ** 2
            covered = float(iou(boxes[b, a, int(y_), int(x)][None], row[None, 1:]))
            total += (2 - w * h / size**2) * misses + 5 * (sigma(p[4]) - covered) ** 2
            total -= float(p[5:].log_softmax(0)[int(row[0])])
        for a in range(len(head.anchors)):
            for i in range(rows):
                for j in range(columns):
                    best = max(float(iou(boxes[b, a, i, j][None], row[None, 1:])) for row in true)
                    if (a, i, j) not in responsible and best <= 0.6:
                        total += sigma(parts[b, a, i, j, 4]) ** 2
    return total / len(raw)


def test_the_loss_is_the_equation():
    head = Head(anchors=((12.0, 16.0), (30.0, 20.0)), classes=3)
    raw = torch.randn(2, 16, 4, 4, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([
        [[0, 3, 5, 18, 30], [2, 30, 33, 60, 52]],
        [[1, 20, 1, 44, 22], [-1, 0, 0, 0, 0]],
    ], dtype=torch.float32)  # fmt: skip
    loss = yolo_loss(Fixed(head, raw), torch.zeros(2, 3, 64, 64), y)
    assert float(loss) == pytest.approx(by_hand(head, raw, y, 64), rel=1e-5)


def test_the_loss_of_pictures_without_boxes_is_finite():
    head = Head(anchors=((12.0, 16.0),), classes=3)
    loss = yolo_loss(Fixed(head, torch.zeros(1, 8, 4, 4)), torch.zeros(1, 3, 64, 64), torch.full((1, 1, 5), -1.0))
    assert float(loss) == pytest.approx(16 * 0.25)


def test_a_detector_learns_a_few_scenes():
    data = embedded.synthetic_twin(train=12, test=1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = small_yolo()
    before = voc_map(found_by(model.eval(), data.train), data.train, classes=10)
    train_detector(model, data.train, Settings(epochs=60, batch=12))
    assert before < 0.1 and voc_map(found_by(model, data.train), data.train, classes=10) > 0.6


def test_the_command_writes_what_the_package_reads(tmp_path):
    data = embedded.synthetic_twin(train=8, test=4)
    model, reached = detector.train_embedded(tmp_path / "d.safetensors", settings=Settings(epochs=1), data=data)
    again = embedded_detector(tmp_path / "d.safetensors")
    stored = in_half(model.state_dict())
    assert all(torch.equal(stored[key].to(value), value) for key, value in again.state_dict().items())
    with safe_open(tmp_path / "d.safetensors", framework="pt") as file:
        told = json.loads(file.metadata()[METADATA_KEY])
    assert told["map50"] == f"{reached:.4f}" and told["command"].startswith("python -m picojoule.train.detector")
