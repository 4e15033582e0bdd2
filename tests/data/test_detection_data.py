"""Scenes, letterbox, and folders of VOC and COCO: good ones, and what is wrong with bad ones."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from picojoule.base.errors import DataError, InputError
from picojoule.data.vision.detection import Scenes, embedded, letterbox, load, open_picture

REAL = Path(os.environ.get("PICOJOULE_DATA", "nowhere"))
XML = """<annotation><filename>{name}.jpg</filename>
<object><name>{kind}</name><difficult>{hard}</difficult>
<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>
</annotation>"""


def jpeg(path: Path | io.BytesIO, size=(40, 20)) -> None:
    Image.new("RGB", size, (200, 30, 30)).save(path, "JPEG")


def voc(folder: Path, box=(11, 1, 30, 10)) -> Path:
    for name in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (folder / name).mkdir(parents=True)
    for name, kind, hard in (("a", "dog", 0), ("b", "cat", 1)):
        jpeg(folder / "JPEGImages" / f"{name}.jpg")
        (folder / "Annotations" / f"{name}.xml").write_text(XML.format(name=name, kind=kind, hard=hard, box=box))
    (folder / "ImageSets/Main/train.txt").write_text("a\n")
    (folder / "ImageSets/Main/test.txt").write_text("b\n")
    return folder


def coco(folder: Path, **changes) -> Path:
    (folder / "annotations").mkdir(parents=True)
    (folder / "val2017").mkdir()
    jpeg(folder / "val2017" / "a.jpg")
    row = {"image_id": 7, "category_id": 18, "bbox": [10, 0, 20, 10], "iscrowd": 0} | changes
    content = {
        "images": [{"id": 7, "file_name": "a.jpg"}],
        "annotations": [row],
        "categories": [{"id": 18, "name": "dog"}, {"id": 3, "name": "car"}],
    }
    (folder / "annotations" / "instances_val2017.json").write_text(json.dumps(content))
    return folder


def test_voc_folder(tmp_path):
    """Coordinates count from 1 there; a picture twice as wide as high fills the middle half of a square."""
    data = load(voc(tmp_path), size=(80, 80))
    assert (data.names, len(data.train), len(data.test)) == (("cat", "dog"), 1, 1)
    assert (data.train.classes.tolist(), data.test.classes.tolist()) == ([1], [0])
    assert data.test.difficult.tolist() == [True]
    torch.testing.assert_close(data.train.boxes, torch.tensor([[20.0, 20.0, 60.0, 40.0]]))
    assert data.train.images[0, 0, 40, 40] > 0.7 and abs(data.train.images[0, 0, 5, 40] - 0.5) < 0.01


def test_coco_folder(tmp_path):
    data = load(coco(tmp_path), size=(20, 40), stretch=True)
    assert (data.names, data.test.classes.tolist(), len(data.train)) == (("car", "dog"), [1], 0)
    torch.testing.assert_close(data.test.boxes, torch.tensor([[10.0, 0.0, 30.0, 10.0]]))


@pytest.mark.parametrize(
    ("break_it", "what"),
    [
        (lambda f: (f / "JPEGImages/a.jpg").write_bytes(b"no picture"), "the picture cannot be read"),
        (lambda f: (f / "JPEGImages/a.jpg").unlink(), "cannot read the picture"),
        (lambda f: (f / "Annotations/a.xml").write_text("<annotation>"), "the annotation cannot be read"),
        (lambda f: (f / "Annotations/a.xml").unlink(), "cannot read the annotation"),
    ],
)
def test_broken_voc_folder(tmp_path, break_it, what):
    break_it(voc(tmp_path))
    with pytest.raises(InputError, match=what):
        load(tmp_path, size=(32, 32))


@pytest.mark.parametrize("box", [(1, 1, 60, 10), (30, 1, 10, 10), (-9, 1, 10, 10)])
def test_boxes_outside_the_picture(tmp_path, box):
    with pytest.raises(DataError, match=r"a\.jpg: the box .* (reaches out of|is empty in) picture 0 of 40×20"):
        load(voc(tmp_path, box), size=(32, 32))


def test_broken_coco_folder(tmp_path):
    with pytest.raises(DataError, match="picture 8, which is not listed"):
        load(coco(tmp_path / "a", image_id=8), size=(32, 32))
    file = coco(tmp_path / "b") / "annotations/instances_val2017.json"
    file.write_text(file.read_text()[:50])
    with pytest.raises(DataError, match="not COCO's JSON"):
        load(tmp_path / "b", size=(32, 32))


def test_npz(tmp_path):
    buffer = io.BytesIO()
    jpeg(buffer)
    raw = np.frombuffer(buffer.getvalue(), np.uint8)
    arrays = {
        "jpeg": np.concatenate([raw, raw]),
        "offsets": np.array([0, len(raw), 2 * len(raw)]),
        "boxes": np.array([[1, 0, 10, 0, 30, 10]], np.float32),
        "classes": np.array(["dog"]),
    }
    np.savez(tmp_path / "x.npz", **arrays, split=np.array(["train", "test"]))
    data = load(tmp_path / "x.npz", size=(20, 40))
    assert (len(data.train), len(data.test), len(data.train.boxes), len(data.test.boxes)) == (1, 1, 0, 1)
    np.savez(tmp_path / "y.npz", **{**arrays, "boxes": arrays["boxes"] + 5})
    with pytest.raises(DataError, match="a box of picture 6"):
        load(tmp_path / "y.npz", size=(20, 40))
    np.savez(tmp_path / "z.npz", jpeg=arrays["jpeg"])
    with pytest.raises(DataError, match="it has no offsets, boxes, classes"):
        load(tmp_path / "z.npz", size=(20, 40))


def test_what_is_no_data(tmp_path):
    for spec, what in ((tmp_path / "nowhere", "no such file"), (tmp_path, "in no form that is known")):
        with pytest.raises(DataError, match=what):
            load(spec, size=(32, 32))


@pytest.mark.skipif(not (REAL / "bccd.npz").is_file(), reason="needs $PICOJOULE_DATA/bccd.npz")
def test_real_files():
    cells = load(REAL / "bccd.npz", size=(24, 32), limit=3)
    assert cells.names == ("RBC", "WBC", "Platelets") and len(cells.train) == len(cells.test) == 3
    rooms = load(REAL / "indoor_det.npz", size=(32, 32), limit=2)
    assert len(rooms.train) == 0 and len(rooms.names) == 30


def test_boxes_go_there_and_back():
    picture = Image.new("RGB", (100, 60))
    boxes = torch.tensor([[0.0, 0.0, 100.0, 60.0], [10.0, 20.0, 30.0, 50.0]])
    for stretch in (False, True):
        pixels, placed = letterbox(picture, (64, 96), stretch=stretch)
        assert pixels.shape == (3, 64, 96)
        torch.testing.assert_close(placed.back(placed.inside(boxes)), boxes)
    assert placed.inside(boxes)[0].tolist() == pytest.approx([0, 0, 96, 64])


def test_what_is_no_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(DataError, match="the picture cannot be read"):
        open_picture(tmp_path / "a.png")
    with pytest.raises(DataError, match="it is a folder"):
        open_picture(tmp_path)
    with pytest.raises(InputError, match="cannot read the picture"):
        open_picture(tmp_path / "none.png")


def test_scenes_are_picked_with_their_boxes():
    scenes = embedded.synthetic_twin(train=6, test=1).train
    chosen = scenes.select(torch.tensor([4, 1]))
    for new, old in ((0, 4), (1, 1)):
        assert torch.equal(chosen.boxes[chosen.owners == new], scenes.boxes[scenes.owners == old])
    _, rows = scenes.pick(torch.tensor([4]))
    kept = rows[0][rows[0, :, 0] >= 0]
    assert torch.equal(kept[:, 1:], scenes.boxes[scenes.owners == 4])
    assert torch.equal(kept[:, 0].long(), scenes.classes[scenes.owners == 4])


def test_scenes_refuse_what_is_none():
    one = {"images": torch.zeros(1, 3, 8, 8), "owners": torch.zeros(1, dtype=torch.int64)}
    with pytest.raises(DataError, match=r"the box 0, 0, 20, 4 reaches out of picture 0 of 8×8"):
        Scenes(**one, classes=torch.tensor([0]), boxes=torch.tensor([[0.0, 0.0, 20.0, 4.0]]))


def test_embedded_scenes():
    """A prefix is the same however many are drawn; boxes lie around ink, and no two meet."""
    few, more = embedded.load(train=2, test=3), embedded.load(train=1, test=5)
    assert torch.equal(few.test.images, more.test.images[:3]) and few.sha256 != more.sha256
    assert torch.equal(embedded.load(train=2, test=3).test.images, few.test.images)
    assert not torch.equal(embedded.load(train=2, test=3, seed=1).test.images, few.test.images)
    for k in range(5):
        mine = more.test.boxes[more.test.owners == k]
        assert 1 <= len(mine) <= 4
        meet = torch.minimum(mine[:, None, 2:], mine[None, :, 2:]) > torch.maximum(mine[:, None, :2], mine[None, :, :2])
        assert torch.equal(meet.all(-1), torch.eye(len(mine), dtype=torch.bool))


def test_training_and_test_scenes_share_neither_digit_nor_photo():
    assert not set(embedded.PHOTOS["train"]) & set(embedded.PHOTOS["test"])
