"""Recordings and their frames: every event is counted once, in its frame; N-MNIST is read as it was written."""

import numpy as np
import pytest
import torch

from picojoule.base.errors import DataError, InputError
from picojoule.data.events import Recordings, nmnist, synthetic


def recordings(**changes) -> Recordings:
    """Two recordings of 3 and 2 events on a sensor of 2 × 4."""
    columns = {"x": [0, 3, 1, 2, 2], "y": [0, 1, 1, 0, 0]}
    parts = {name: torch.tensor(values, dtype=torch.int16) for name, values in columns.items()}
    parts |= {"polarity": torch.tensor([1, 0, 1, 0, 0], dtype=torch.uint8)}
    parts |= {"time": torch.tensor([0, 49, 99, 10, 10], dtype=torch.int32)}
    parts |= {"offsets": torch.tensor([0, 3, 5]), "labels": torch.tensor([1, 0]), "size": (2, 4)}
    return Recordings(**(parts | changes))


def test_frames_by_hand():
    frames = recordings().frames(2)
    assert frames.counts.shape == (2, 2, 2, 2, 4)
    expected = torch.zeros(2, 2, 2, 2, 4)
    expected[0, 0, 1, 0, 0] = 1  # at 0 of 0 … 99
    expected[0, 0, 0, 1, 3] = 1  # at 49
    expected[0, 1, 1, 1, 1] = 1  # at 99
    expected[1, 1, 0, 0, 2] = 2  # both at the end of 0 … 10
    assert torch.equal(frames.counts.float(), expected)
    x, y = frames.pick(torch.tensor([1]))
    assert torch.equal(x[0], expected[1]) and y.tolist() == [0]


@pytest.mark.parametrize("steps", [1, 3, 7])
def test_frames_keep_every_event(steps):
    data = synthetic.load(train=12, test=10).train
    frames = data.frames(steps)
    assert torch.equal(frames.counts.long().sum((1, 2, 3, 4)), data.offsets.diff())
    assert torch.equal(frames.counts.long().sum(1), data.frames(1).counts.long()[:, 0])
    assert torch.equal(torch.cat([y for _, y in frames.batches(5)]), data.labels)
    assert len(frames.select(torch.tensor([3, 1]))) == 2


def test_the_first_recordings():
    data = synthetic.load(train=12, test=10).train
    assert torch.equal(data.take(4).frames(3).counts, data.frames(3).counts[:4])
    assert len(data.take(99)) == 12


def test_the_generated_ones_are_as_n_mnist_has_them():
    data = synthetic.load(train=20, test=10, seed=1)
    assert data.summary()["name"] == "synthetic-events-seed1" and data.classes == 10
    for part in (data.train, data.test):
        assert part.size == (34, 34) and (part.offsets.diff() > 100).all()
        for start, stop in zip(part.offsets, part.offsets[1:], strict=False):
            assert (part.time[start:stop].diff() >= 0).all()
    assert data.sha256 == synthetic.load(train=20, test=10, seed=1).sha256 != synthetic.load(seed=2).sha256


def written(folder, **changes):
    arrays = {}
    for part in ("train", "test"):
        arrays[f"{part}_xyp"] = np.array([5 | 7 << 6 | 1 << 12, 33, 2 | 33 << 6], np.uint16)
        arrays[f"{part}_dt"] = np.array([3, 4, 60000], np.uint16)
        arrays[f"{part}_offsets"] = np.array([0, 2, 3])
        arrays[f"{part}_labels"] = np.array([4, 9], np.uint8)
    arrays |= changes
    path = folder / nmnist.FILE
    np.savez(path, **{name: each for name, each in arrays.items() if each is not None})
    return path


def test_n_mnist_is_read_as_written(tmp_path):
    data = nmnist.load(written(tmp_path))
    assert data.sha256 == nmnist.load(tmp_path).sha256, "a folder stands for the file in it"
    train = data.train
    assert train.x.tolist() == [5, 33, 2] and train.y.tolist() == [7, 0, 33] and train.polarity.tolist() == [1, 0, 0]
    assert train.time.tolist() == [3, 7, 60000]
    assert train.labels.tolist() == [4, 9]


def test_wrong_files_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"it has no test_dt.*Remedy: give the arrays of N-MNIST"):
        nmnist.load(written(tmp_path, test_dt=None))
    with pytest.raises(DataError, match=r"cannot read the file"):
        nmnist.load(tmp_path / "nothing.npz")


def test_wrong_recordings_are_refused():
    with pytest.raises(DataError, match=r"an event at x=3 or y=1 of a sensor 3×2.*Remedy"):
        recordings(size=(2, 3))
    with pytest.raises(DataError, match=r"5 by their offsets, 1 labels.*Remedy"):
        recordings(labels=torch.tensor([1]))
    with pytest.raises(InputError, match=r"0 frames.*Remedy"):
        recordings().frames(0)


def test_the_real_recordings(real_data):
    data = nmnist.load(real_data)
    assert (len(data.train), len(data.test)) == (1000, 100) and data.classes == 10
    events = data.test.offsets.diff().double()
    assert 3000 < events.mean() < 5000
    last = data.test.time[data.test.offsets[1:] - 1].double()
    assert 290_000 < last.mean() < 330_000, "microseconds"
