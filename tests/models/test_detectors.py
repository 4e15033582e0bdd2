"""Detectors: the published counts, maps read as by hand, and the boxes that are kept."""

import math

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from picojoule.base.errors import InputError, WeightsError
from picojoule.models.darknet import Darknet, sections
from picojoule.models.vision.detection import (
    Head,
    anchors_of,
    find,
    heads_of,
    small_yolo,
    suppress,
    tiny_yolo_coco,
    tiny_yolo_voc,
)

HEAD = Head(anchors=((10.0, 20.0), (30.0, 15.0)), classes=3)


def parameters(model) -> int:
    return sum(each.numel() for each in model.parameters())


def stored(model) -> int:
    """Numbers in a darknet file of its weights: means and variances of batch norm, too."""
    return sum(each.numel() for name, each in model.state_dict().items() if not name.endswith("tracked"))


def test_tiny_yolo_has_the_published_size():
    """3.486 GMAC = 6.97 GFLOP at 416×416, and 15.87 million numbers in the file of its weights."""
    with torch.device("meta"):
        model = tiny_yolo_voc()
        with FlopCounterMode(display=False) as flops:
            assert model(torch.empty(1, 3, 416, 416)).shape == (1, 125, 13, 13)
    assert round(flops.get_total_flops() / 2e9, 3) == 3.486
    assert round(stored(model) / 1e6, 2) == 15.87


def test_the_form_for_coco():
    with torch.device("meta"):
        model = tiny_yolo_coco()
        with FlopCounterMode(display=False) as flops:
            assert model(torch.empty(1, 3, 416, 416)).shape == (1, 425, 13, 13)
    assert round(flops.get_total_flops() / 1e9, 2) == 5.41


def test_the_small_form():
    model = small_yolo()
    assert parameters(model) == 67_998
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 30, 8, 8)


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_map_is_read_as_by_hand(exclusive):
    head = Head(anchors=HEAD.anchors, classes=3, exclusive=exclusive, spread=1.2)
    raw = torch.randn(2, 16, 4, 5, generator=torch.Generator().manual_seed(0))
    parts = head.split(raw)
    boxes, scores = head.boxes(parts, (64, 100)), head.scores(parts)
    sigma = lambda v: 1 / (1 + math.exp(-v))  # noqa: E731
    for b, a, y, x in ((0, 0, 0, 0), (1, 1, 3, 4), (0, 1, 2, 1)):
        tx, ty, tw, th, to, *kinds = raw[b, 8 * a : 8 * a + 8, y, x].tolist()
        cx, cy = ((1.2 * sigma(t) - 0.1 + c) * s for t, c, s in ((tx, x, 20), (ty, y, 16)))
        w, h = (p * math.exp(t) for p, t in zip(head.anchors[a], (tw, th), strict=True))
        torch.testing.assert_close(boxes[b, a, y, x], torch.tensor([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]))
        shares = [math.exp(k) / sum(map(math.exp, kinds)) if exclusive else sigma(k) for k in kinds]
        torch.testing.assert_close(scores[b, a, y, x], torch.tensor([sigma(to) * share for share in shares]))


def test_boxes_are_kept_greedily():
    boxes = torch.tensor([[0, 0, 10, 10], [1, 0, 11, 10], [2, 0, 12, 10], [20, 0, 30, 10], [0, 0, 10, 10.0]])
    classes = torch.tensor([0, 0, 0, 0, 1])
    assert suppress(boxes, classes, 0.75, 10).tolist() == [0, 2, 3, 4]  # the third meets only the hidden second
    assert suppress(boxes, classes, 0.75, 2).tolist() == [0, 2]


def test_find_gives_the_picture_of_each_box():
    raw = torch.full((2, 16, 4, 4), -9.0)
    raw[1, 4, 2, 3] = raw[1, 6, 2, 3] = 9.0  # the first anchor's objectness, and class 1
    raw[1, :4, 2, 3] = 0.0
    found = find([HEAD], raw, (64, 64), threshold=0.5)
    assert (found.owners.tolist(), found.classes.tolist()) == ([1], [1])
    torch.testing.assert_close(found.boxes, torch.tensor([[51.0, 30.0, 61.0, 50.0]]))
    assert len(find([HEAD], raw[:1], (64, 64), threshold=0.5)) == 0


def test_huge_maps_stay_finite_and_boxes_inside():
    found = find([HEAD], 1e4 * torch.randn(1, 16, 4, 4, generator=torch.Generator().manual_seed(1)), (64, 64))
    assert torch.isfinite(found.boxes).all() and found.boxes.min() >= 0 and found.boxes.max() <= 64


def test_wrong_maps():
    with pytest.raises(InputError, match=r"2 anchors × \(5 \+ 3 classes\)"):
        find([HEAD], torch.zeros(1, 15, 4, 4), (64, 64))
    with pytest.raises(InputError, match="2 maps and 1 heads"):
        find([HEAD], [torch.zeros(1, 16, 4, 4)] * 2, (64, 64))


CFG = """
[net]
channels=3
height=64
width=64
[convolutional]
filters=16
size=1
stride=1
activation=linear
"""


def heads(section: str) -> tuple[Head, ...]:
    return heads_of(Darknet(sections(CFG + section, where="net.cfg")))


def test_heads_of_darknet_sections():
    yolo = "[yolo]\nmask=0,2\nanchors=1,2, 3,4, 5,6\nclasses=3\nnum=3\nscale_x_y=1.1\n"
    assert heads(yolo) == (Head(anchors=((1, 2), (5, 6)), classes=3, exclusive=False, spread=1.1),)
    region = "[region]\nanchors=1,2, 0.5,4\nclasses=3\nnum=2\nsoftmax=1\n"
    assert heads(region) == (Head(anchors=((32, 64), (16, 128)), classes=3),)


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("[yolo]\nmask=0,3\nanchors=1,2, 3,4, 5,6\nclasses=3\nnum=3\n", r"mask \[0, 3\] of 3 anchors"),
        ("[yolo]\nmask=0\nanchors=1,2,3\nclasses=3\nnum=2\n", "3 numbers of anchors where num=2"),
        ("[yolo]\nanchors=a,b\nclasses=3\n", "anchors is 'a,b'"),
        ("[yolo]\nanchors=1,2\nnum=1\n", "classes is missing"),
        ("", "it is no detector"),
    ],
)
def test_sections_that_make_no_head(section, what):
    with pytest.raises(WeightsError, match=what):
        heads(section)


def test_anchors_are_the_groups_of_shapes():
    g = torch.Generator().manual_seed(0)
    groups = torch.tensor([[10.0, 20.0], [40.0, 40.0]])
    sides = torch.cat([each + torch.randn(50, 2, generator=g) for each in groups])
    for found, (w, h) in zip(anchors_of(sides, 2), groups.tolist(), strict=True):
        assert found == pytest.approx((w, h), abs=0.6)
    with pytest.raises(InputError, match="1 boxes for 2 anchors"):
        anchors_of(sides[:1], 2)
