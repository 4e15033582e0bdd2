"""The folders of birds and cars in their published layout, cut-outs, and every wrong input with its file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from picojoule.base.errors import DataError, InputError
from picojoule.data.vision.fine_grained import cutouts
from picojoule.data.vision.fine_grained.sources import load
from picojoule.data.vision.listed import MEAN, STD

scipy_io = pytest.importorskip("scipy.io")


def picture(path: Path, value: int, size=(30, 20)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size[::-1], 3), value, np.uint8)).save(path)
    return path


def birds(root: Path, *, keys, classes=(1, 2, 3)) -> Path:
    """Two training pictures and a test picture a class, of unequal sizes, as in the archives."""
    lines = {"images": [], "image_class_labels": [], "train_test_split": []}
    for number, label in enumerate(np.repeat(classes, 3)):
        name = f"{label:03d}.Bird_{label}/{number}.png"
        picture(root / "images" / name, int(label) % 12 * 20, (20 + number, 30))
        key = keys(number)
        lines["images"].append(f"{key} {name}")
        lines["image_class_labels"].append(f"{key} {label}")
        lines["train_test_split"].append(f"{key} {int(number % 3 < 2)}")
    for name, content in lines.items():
        (root / f"{name}.txt").write_text("\n".join(content) + "\n")
    (root / "classes.txt").write_text("".join(f"{label} Bird {label}\n" for label in classes))
    return root


@pytest.fixture
def cub(tmp_path):
    return birds(tmp_path / "CUB_200_2011", keys=lambda n: n + 1)


def test_cub(cub):
    data = load(cub)
    assert (data.name, len(data.train), len(data.test)) == ("CUB_200_2011", 6, 3)
    assert data.classes == ("Bird 1", "Bird 2", "Bird 3") and data.train.labels.tolist() == [0, 0, 1, 1, 2, 2]
    x, y = data.test.sized(40, 32).pick(torch.tensor([2, 0]))
    assert x.shape == (2, 3, 32, 32) and y.tolist() == [2, 0]
    for channel in range(3):
        assert float(x[0, channel, 5, 5]) == pytest.approx((60 / 255 - MEAN[channel]) / STD[channel], abs=1e-4)
    assert data.train.pick(torch.tensor([0]))[0].shape == (1, 3, 600, 600)


def test_nabirds_has_other_keys_and_gaps_in_its_classes(tmp_path):
    root = birds(
        tmp_path / "nabirds", keys=lambda n: f"0000139e-21dc-4d0c-bfe1-4cae3c85c{n:03d}", classes=(295, 817, 1010)
    )
    data = load(root)
    assert data.classes == ("Bird 295", "Bird 817", "Bird 1010") and data.test.labels.tolist() == [0, 1, 2]


def test_the_hash_is_of_the_lists(cub, tmp_path):
    same = birds(tmp_path / "other" / "CUB_200_2011", keys=lambda n: n + 1)
    assert load(cub).sha256 == load(same).sha256
    text = (cub / "train_test_split.txt").read_text()
    (cub / "train_test_split.txt").write_text(text.replace("3 0", "3 1"))
    assert load(cub).sha256 != load(same).sha256


def annotations(path: Path, entries, fields) -> None:
    table = np.zeros((1, len(entries)), dtype=[(field, object) for field in fields])
    for at, entry in enumerate(entries):
        table[0, at] = tuple(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy_io.savemat(path, {"annotations": table})


def cars(root: Path) -> Path:
    fields = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname")
    for part, names in (("train", "abcd"), ("test", "ef")):
        rows = []
        for number, name in enumerate(names):
            picture(root / f"cars_{part}" / f"{name}.png", 10)
            rows.append((1, 1, 9, 9, number % 2 + 1, f"{name}.png"))
        labelled = "cars_train_annos.mat" if part == "train" else "cars_test_annos_withlabels.mat"
        annotations(root / "devkit" / labelled, rows, fields)
    names = np.empty((1, 2), object)
    names[0, :] = ["AM General Hummer SUV 2000", "Acura RL Sedan 2012"]
    scipy_io.savemat(root / "devkit" / "cars_meta.mat", {"class_names": names})
    return root


def test_cars(tmp_path):
    data = load(cars(tmp_path / "cars"))
    assert data.classes == ("AM General Hummer SUV 2000", "Acura RL Sedan 2012")
    assert data.train.labels.tolist() == [0, 1, 0, 1] and data.test.paths[1].name == "f.png"


def test_cars_in_one_list(tmp_path):
    rows = [(f"car_ims/{n}.png", n % 2 + 1, int(n > 3)) for n in range(6)]
    for name, *_ in rows:
        picture(tmp_path / name, 10)
    annotations(tmp_path / "cars_annos.mat", rows, ("relative_im_path", "class", "test"))
    data = load(tmp_path)
    assert (len(data.train), len(data.test)) == (4, 2) and data.test.labels.tolist() == [0, 1]


def broken(cub):
    path = cub / "images" / "002.Bird_2" / "4.png"
    path.write_bytes(path.read_bytes()[:40])


def missing(cub):
    (cub / "images" / "002.Bird_2" / "4.png").unlink()


def untrained(cub):
    text = (cub / "train_test_split.txt").read_text()
    (cub / "train_test_split.txt").write_text(text.replace("4 1", "4 0").replace("5 1", "5 0"))


def no_test(cub):
    text = (cub / "train_test_split.txt").read_text()
    (cub / "train_test_split.txt").write_text(text.replace(" 0\n", " 1\n"))


def short_line(cub):
    with (cub / "image_class_labels.txt").open("a") as file:
        file.write("99\n")


def twice(cub):
    with (cub / "images.txt").open("a") as file:
        file.write("1 001.Bird_1/0.png\n")


def other_list(cub):
    (cub / "train_test_split.txt").write_text("1 1\n")


def no_number(cub):
    text = (cub / "image_class_labels.txt").read_text()
    (cub / "image_class_labels.txt").write_text(text.replace("4 2", "4 two"))


def outside(cub):
    text = (cub / "images.txt").read_text()
    (cub / "images.txt").write_text(text.replace("1 001.Bird_1/0.png", "1 ../../secret.png"))


def no_split(cub):
    (cub / "train_test_split.txt").unlink()


WRONG = {
    broken: r"002\.Bird_2/4\.png: the picture cannot be read",
    missing: r"002\.Bird_2/4\.png: 1 of 9 pictures in images\.txt are not there",
    untrained: r"002\.Bird_2/\d\.png: the class of 002\.Bird_2 has no picture for training",
    no_test: r"images\.txt: no picture is for the test part",
    short_line: r"image_class_labels\.txt: line 10 has no value",
    twice: r"images\.txt: line 10 has 1 a second time",
    other_list: r"train_test_split\.txt: picture 2 is in",
    no_number: r"image_class_labels\.txt: 'two' is no whole number",
    outside: r"secret\.png",
    no_split: r"train_test_split\.txt: the list cannot be read \(No such file",
}


@pytest.mark.parametrize(("spoil", "message"), WRONG.items(), ids=[each.__name__ for each in WRONG])
def test_wrong_lists_name_the_file(cub, spoil, message):
    spoil(cub)
    with pytest.raises(InputError, match=rf"{message}.*Remedy: "):
        data = load(cub)
        data.train.pick(torch.arange(len(data.train)))


def test_wrong_annotations_of_cars_name_the_file(tmp_path):
    root = cars(tmp_path / "cars")
    (root / "devkit" / "cars_train_annos.mat").write_bytes(b"no mat")
    with pytest.raises(DataError, match=r"cars_train_annos\.mat: it is no \.mat file"):
        load(root)
    annotations(root / "devkit" / "cars_train_annos.mat", [(1,)], ("bbox_x1",))
    with pytest.raises(DataError, match=r"cars_train_annos\.mat: its annotations have no 'fname'"):
        load(root)
    (root / "devkit" / "cars_test_annos_withlabels.mat").unlink()
    with pytest.raises(DataError, match=r"withlabels\.mat: the test pictures have no classes"):
        load(root)


def test_class_folders_with_one_picture_or_unequal_sizes(tmp_path):
    for name, count in (("gull", 5), ("tern", 1)):
        for number in range(count):
            picture(tmp_path / name / f"{number}.png", 10)
    with pytest.raises(DataError, match="tern: one picture cannot be learned from and tested"):
        load(tmp_path)
    picture(tmp_path / "tern" / "9.png", 10, (31, 20))
    with pytest.raises(DataError, match=r"tern/9\.png: it is 31×20 pixels"):
        load(tmp_path)
    with pytest.raises(DataError, match=r"nowhere: there is no such folder.*CUB"):
        load(tmp_path / "nowhere")


def cut_outs(root: Path, clear=True) -> Path:
    root.mkdir()
    for name, colour in (("crow", (250, 0, 250)), ("gull", (0, 250, 250))):
        pixels = np.zeros((40, 60, 4), np.uint8)
        pixels[..., :3] = colour
        pixels[5:35, 10:50, 3] = 255
        pixels[..., 3] |= 0 if clear else 255
        Image.fromarray(pixels).save(root / f"{name}.png")
    return root


def test_cut_outs_are_placed_on_grounds(tmp_path):
    data = load(cut_outs(tmp_path / "birds"))
    assert (len(data.train), len(data.test), data.classes) == (120, 60, 2)
    assert data.train.images.shape == (120, 3, 128, 128)
    magenta = (data.train.images[:, 0] > 0.6) & (data.train.images[:, 1] < 0.1)
    share = magenta.float().mean((1, 2))
    assert float(share[data.train.labels == 0].min()) > 0.02 > float(share[data.train.labels == 1].max())
    again = cutouts.load(tmp_path / "birds", train=5, test=2)
    assert torch.equal(again.train.images, data.train.images[:10])


def test_wrong_cut_outs(tmp_path):
    with pytest.raises(DataError, match=r"crow\.png: nothing is cut out"):
        load(cut_outs(tmp_path / "whole", clear=False))
    root = cut_outs(tmp_path / "spoiled")
    (root / "gull.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"gull\.png: the picture cannot be read"):
        load(root)
    (root / "gull.png").unlink()
    with pytest.raises(DataError, match="there are 1 cut-outs"):
        load(root)
