"""Recordings cut into frames, in folders: SpikingJelly's layout."""

import numpy as np
import pytest
import torch

from picojoule.base.errors import DataError
from picojoule.data.events import folder


def write(path, label: int, shape=(3, 2, 8, 8), name: str = "frames", seed: int = 0) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = np.random.default_rng(seed).integers(0, 5, shape).astype(np.float32) + label
    np.savez(path, **{name: frames})
    return frames


def test_train_and_test_folders(tmp_path):
    kept = write(tmp_path / "train" / "b" / "1.npz", 1)
    write(tmp_path / "train" / "a" / "1.npz", 0)
    write(tmp_path / "test" / "a" / "9.npz", 0)
    assert folder.is_frames(tmp_path)
    data = folder.load(tmp_path)
    assert (len(data.train), len(data.test), data.classes) == (2, 1, 2)
    x, y = data.train.pick(torch.tensor([1]))
    assert int(y) == 1 and torch.equal(x[0], torch.from_numpy(kept))


def test_without_a_test_part_every_tenth_of_a_class_is_kept(tmp_path):
    for name, label in (("a", 0), ("b", 1)):
        for number in range(20):
            write(tmp_path / name / f"{number:02}.npz", label, seed=number)
    data = folder.load(tmp_path)
    assert (len(data.train), len(data.test)) == (36, 4)
    assert sorted(data.test.labels.tolist()) == [0, 0, 1, 1]


def test_other_folders_are_no_frames(tmp_path):
    assert not folder.is_frames(tmp_path) and not folder.is_frames(tmp_path / "none")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").touch()
    assert not folder.is_frames(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: write(root / "train" / "a" / "2.npz", 0, shape=(4, 2, 8, 8)), "frames of 2 shapes"),
        (lambda root: write(root / "train" / "a" / "2.npz", 0, shape=(2, 8, 8)), r"frames of shape \[2, 8, 8\]"),
        (lambda root: write(root / "train" / "a" / "2.npz", 0, name="events"), "no array 'frames'"),
        (lambda root: (root / "train" / "a" / "2.npz").write_bytes(b"nothing"), "2.npz"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, spoil, message):
    write(tmp_path / "train" / "a" / "1.npz", 0)
    write(tmp_path / "test" / "a" / "1.npz", 0)
    spoil(tmp_path)
    with pytest.raises(DataError, match=message):
        folder.load(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="no recordings"):
        folder.load(tmp_path)
