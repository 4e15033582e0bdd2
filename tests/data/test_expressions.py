"""Readers of expression data sets, on small files in the layout of each release; every wrong file is named."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from picojoule.base.errors import DataError
from picojoule.data.vision.expressions import LAYOUTS, layout_of, load
from picojoule.data.vision.expressions.ferplus import majority

SEVEN = ("Surprise", "Fear", "Disgust", "Happy", "Sad", "Angry", "Neutral")


def picture(path: Path, value: int = 100, size: tuple[int, int] = (10, 10)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size[::-1], 3), value, np.uint8)).save(path)
    return path


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def raf_db(root: Path) -> Path:
    names = [f"{part}_{k:05d}" for part, n in (("train", 14), ("test", 7)) for k in range(n)]
    for name in names:
        picture(root / "basic/Image/aligned" / f"{name}_aligned.jpg")
    listed = [f"{name}.jpg {int(name[-2:]) % 7 + 1}" for name in names]
    write(root / "basic/EmoLabel/list_patition_label.txt", *listed)
    return root


def ferplus(root: Path, *, one_list: bool = False) -> Path:
    rows = {"FER2013Train": 16, "FER2013Valid": 8, "FER2013Test": 8}
    usages = dict(zip(rows, ("Training", "PublicTest", "PrivateTest"), strict=True))
    together = ["Usage,Image name," + "votes," * 10]
    for part, n in rows.items():
        listed = []
        for k in range(n):
            picture(root / part / f"fer{k:07d}.png", size=(48, 48))
            votes = ",".join("8" if column == k % 8 else "1" for column in range(10))
            listed.append(f"fer{k:07d}.png,{votes}")
            together.append(f"{usages[part]},fer{k:07d}.png,{votes}")
        if not one_list:
            write(root / part / "label.csv", *listed)
    if one_list:
        write(root / "fer2013new.csv", *together, "Training,," + "0," * 9 + "10")
    return root


def affectnet(root: Path) -> Path:
    for part, n in (("train_set", 18), ("val_set", 9)):
        for k in range(n):
            picture(root / part / "images" / f"{k}.jpg")
            (root / part / "annotations").mkdir(parents=True, exist_ok=True)
            np.save(root / part / "annotations" / f"{k}_exp.npy", str(k % 9))  # 8: no emotion
    return root


def affectnet_lists(root: Path) -> Path:
    head = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
    for part, n in (("training", 16), ("validation", 8)):
        rows = []
        for k in range(n):
            picture(root / "Manually_Annotated_Images" / part / f"{k}.jpg", size=(20, 30))
            rows.append(f"{part}/{k}.jpg,2,3,10,10,1;2,{k % 8},0,0")
        write(root / f"{part}.csv", head, *rows, f"{part}/none.jpg,NULL,NULL,NULL,NULL,NULL,10,-2,-2")
    return root


def sfew(root: Path) -> Path:
    for part, n in (("Train_Aligned_Faces", 2), ("Val_Aligned_Faces_new", 1)):
        for name in SEVEN:
            for k in range(n):
                picture(root / part / name / f"{k}.png", size=(14, 18))
    return root


MADE = {"raf-db": raf_db, "ferplus": ferplus, "affectnet": affectnet, "sfew": sfew}
SIZES = {"raf-db": (14, 7, 7), "ferplus": (24, 8, 8), "affectnet": (16, 8, 8), "sfew": (14, 7, 7)}


@pytest.mark.parametrize("name", MADE)
def test_each_layout_is_known_and_read(tmp_path, name):
    root = MADE[name](tmp_path)
    assert [each.name for each in LAYOUTS if each.fits(root)] == [name]
    data = load(root, side=12)
    train, test, classes = SIZES[name]
    assert (data.name, len(data.train), len(data.test), len(data.classes)) == (name, train, test, classes)
    assert data.classes == layout_of(root).classes and data.sha256 == load(root, side=12).sha256
    images, labels = data.train.pick(torch.arange(train))
    assert images.shape == (train, 3, 12, 12) and float(images.max()) <= 1
    assert sorted(set(labels.tolist())) == [*range(classes)]


def test_raf_db_counts_from_one(tmp_path):
    data = load(raf_db(tmp_path), side=8)
    assert data.train.labels.tolist() == [k % 7 for k in range(14)]


def test_one_list_of_ferplus_is_the_same(tmp_path):
    one, three = (load(ferplus(tmp_path / str(k), one_list=bool(k)), side=8) for k in (1, 0))
    assert one.train.labels.tolist() == three.train.labels.tolist()
    assert one.sha256 == three.sha256


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        ([4, 0, 0, 1, 3, 2, 0, 0, 0, 0], None),  # 4 of 9 is no majority
        ([6, 0, 1, 1, 0, 0, 0, 0, 2, 0], 0),  # single votes dropped: 6 of 8
        ([0, 10, 0, 0, 0, 0, 0, 0, 0, 0], 1),
        ([0, 0, 0, 0, 0, 0, 0, 0, 2, 8], None),  # no face
        ([5, 5, 0, 0, 0, 0, 0, 0, 0, 0], None),
    ],
)
def test_majority_of_votes(votes, label):
    assert majority(votes) == label


def test_affectnet_cuts_out_faces_and_leaves_out_what_is_none(tmp_path):
    root = affectnet_lists(tmp_path)
    data = load(root, side=10)
    assert len(data.train) == 16 and len(data.classes) == 8
    edge = np.zeros((30, 20, 3), np.uint8)
    edge[3:13, 2:12] = 200
    Image.fromarray(edge).save(root / "Manually_Annotated_Images/training/0.jpg", quality=100)
    assert float(load(root, side=10).train.pick(torch.tensor([0]))[0].mean()) > 0.7


def fails(root: Path, *words: str) -> None:
    with pytest.raises(DataError) as caught:
        train = load(root, side=8).train
        train.pick(torch.arange(len(train)))
    message = str(caught.value)
    assert all(word in message for word in words), message


def test_an_unknown_folder(tmp_path):
    fails(tmp_path, str(tmp_path), "layout of none of raf-db, ferplus, affectnet, sfew")


def test_a_broken_picture_is_named(tmp_path):
    broken = raf_db(tmp_path) / "basic/Image/aligned/train_00003_aligned.jpg"
    broken.write_bytes(broken.read_bytes()[:40])
    fails(tmp_path, str(broken), "cannot be read")


def test_a_class_with_one_picture_is_named(tmp_path):
    alone = sfew(tmp_path) / "Train_Aligned_Faces/Fear"
    (alone / "1.png").unlink()
    fails(tmp_path, str(alone / "0.png"), "the class 'fear' has only this picture")
    (alone / "0.png").unlink()
    fails(tmp_path, "the class 'fear' has no picture")


def test_a_missing_class_folder(tmp_path):
    folder = sfew(tmp_path) / "Val_Aligned_Faces_new"
    (folder / "Sad" / "0.png").unlink()
    (folder / "Sad").rmdir()
    fails(tmp_path, str(folder), "no folder 'Sad'")


def test_a_missing_picture(tmp_path):
    gone = ferplus(tmp_path) / "FER2013Test/fer0000003.png"
    gone.unlink()
    fails(tmp_path, f"{tmp_path / 'FER2013Test/label.csv'}, line 4", str(gone))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("train_00001.jpg", "it has 1 fields, not 2"),
        ("train_00001.jpg 8", "'8' is no class from 1 to 7"),
        ("train_00001.jpg five", "'five' is no class from 1 to 7"),
        ("valid_00001.jpg 5", "'valid_00001.jpg' is neither of train nor of test"),
    ],
)
def test_a_damaged_line_of_raf_db(tmp_path, line, words):
    file = raf_db(tmp_path) / "basic/EmoLabel/list_patition_label.txt"
    file.write_text(line + "\n")
    fails(tmp_path, f"{file}, line 1", words)


def test_damaged_lists_of_affectnet(tmp_path):
    root = affectnet_lists(tmp_path)
    file = root / "training.csv"
    text = file.read_text()
    file.write_text(text.replace("face_x,", ""))
    fails(root, f"{file}, line 1", "no column 'face_x'")
    file.write_text(text.replace("0.jpg,2,3,10,10", "0.jpg,15,3,10,10", 1))
    fails(root, str(root / "Manually_Annotated_Images/training/0.jpg"), "reaches out of its 20×30 pixels")
    file.write_text(
        text.replace("training/1.jpg", "training/1.jpg,extra", 1).replace("0.jpg,2,3,10,10,1;2,0,0,0", "0.jpg")
    )
    fails(root, f"{file}, line 2", "it has 1 fields, not 2")


def test_a_damaged_annotation_of_affectnet(tmp_path):
    file = affectnet(tmp_path) / "train_set/annotations/2_exp.npy"
    file.write_bytes(b"nothing")
    fails(tmp_path, str(file), "the class cannot be read")
    np.save(file, "12")
    fails(tmp_path, str(file), "the class 12")
    file.unlink()
    fails(tmp_path, str(file))
