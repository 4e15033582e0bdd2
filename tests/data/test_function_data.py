"""Data from Python: what a user's function may return, and what not."""

import pytest
import torch
from torch.utils.data import IterableDataset, TensorDataset

from picojoule.base.errors import DataError
from picojoule.data.vision import Dataset, Images, load, synthetic

X = torch.rand(20, 3, 6, 5)
Y = torch.arange(20) % 2


class Stream(IterableDataset):
    def __iter__(self):
        yield from zip(X, Y.tolist(), strict=True)


class Failing(TensorDataset):
    def __getitem__(self, index):
        raise RuntimeError("disk on fire")


FORMS = {
    "pair of pairs": ((X, Y), (X, Y)),
    "list of pairs": [[X, Y], [X, Y]],
    "torch datasets": (TensorDataset(X, Y), TensorDataset(X, Y)),
    "mixed": (TensorDataset(X, Y), (X, Y)),
    "streams": (Stream(), Stream()),
    "arrays": ((X.numpy(), Y.numpy()), (X.numpy(), Y.numpy())),
    "images": (Images(images=X, labels=Y), Images(images=X, labels=Y)),
    "doubles": ((X.double(), Y.int()), (X.double(), Y.int())),
}


@pytest.mark.parametrize("value", FORMS.values(), ids=list(FORMS))
def test_two_parts(value) -> None:
    data = load(value)
    assert torch.equal(data.train.images, X)
    assert torch.equal(data.test.labels, Y)
    assert len(data.sha256) == 64


@pytest.mark.parametrize(
    "value", [(X, Y), [X.numpy(), Y.numpy()], TensorDataset(X, Y), Stream(), [TensorDataset(X, Y)]]
)
def test_one_part_is_split_and_said(value, capsys) -> None:
    data = load(value)
    assert (len(data.train), len(data.test)) == (16, 4)
    assert "every fifth image of each class (4 of 20)" in capsys.readouterr().err


def test_a_dataset_is_itself() -> None:
    data = synthetic.load(train=10, test=10)
    assert load(data) is data


def test_real_numbers_are_taken_as_they_are_and_bytes_are_scaled() -> None:
    whole = torch.full((20, 1, 6, 6), 200.0)
    assert load((whole, Y)).train.images.max() == 200
    assert load((whole.to(torch.uint8), Y)).train.images.max() == 200 / 255


def test_torch_images_may_have_any_number_of_channels() -> None:
    assert load((torch.rand(20, 11, 6, 7), Y)).train.images.shape[1:] == (11, 6, 7)
    assert load((torch.rand(20, 6, 7), Y)).train.images.shape[1:] == (1, 6, 7)


def test_bfloat16() -> None:
    assert load((X.bfloat16(), Y)).train.images.dtype == torch.float32


WRONG = {
    "nothing": (None, "gives a NoneType, not a data set"),
    "number": (3, "gives a int"),
    "triple": ((X, Y, X), "gives a tuple of 3"),
    "empty": ((), "gives a tuple of 0"),
    "strings": (("a", "b"), "gives a str"),
    "path pair": (((X, "y"), (X, Y)), "gives a tuple of 2"),
    "lengths": ((X, Y[:-1]), "20 images but 19 labels"),
    "nan": ((X / 0 * 0, Y), "image 0 has a pixel that is not a finite number"),
    "flat": ((X.flatten(1), Y), "not to be found"),
    "fractions": ((X, Y + 0.5), "fractional label 0.5"),
    "empty set": (TensorDataset(X[:0], Y[:0]), "the data set is empty"),
    "failing": (Failing(X, Y), "reading an item raised RuntimeError: disk on fire"),
    "no pair": (TensorDataset(X), "item 0 is not a pair"),
    "pictures": ([[(0, 1)], [(0, 1)]], "gives a list of 1"),
    "unequal": (list(zip([X[0], X[0, :, 1:]], [0, 1], strict=True)), "gives a tuple of 2"),
    "one-hot": (TensorDataset(X, torch.eye(20)), r"item 0 has a label of the shape \(20,\)"),
    "fraction": (TensorDataset(X, Y + 0.5), "item 0: there is a fractional label 0.5"),
}


@pytest.mark.parametrize(("value", "message"), WRONG.values(), ids=list(WRONG))
def test_wrong_values(value, message: str) -> None:
    with pytest.raises(DataError, match=rf"^data.*{message}.*Remedy: "):
        load(value)


def test_unequal_items() -> None:
    class Unequal(TensorDataset):
        def __getitem__(self, index):
            return X[0, :, index:], 0

    with pytest.raises(DataError, match=r"image 1 has the shape \[3, 5, 5\] but image 0 has \[3, 6, 5\].*Remedy"):
        load(Unequal(X, Y))


def test_items_that_are_no_tensors() -> None:
    class Pictures(TensorDataset):
        def __getitem__(self, index):
            return object(), 0

    with pytest.raises(DataError, match=r"item 0 is not a pair .*has a object.*Remedy: turn pictures into tensors"):
        load(Pictures(X, Y))


def test_more_than_eight_gib_are_refused_at_the_first_item(monkeypatch) -> None:
    monkeypatch.setattr("picojoule.data.npz.LIMIT_BYTES", 4 * X.numel() - 1)
    with pytest.raises(DataError, match=r"it would take .* GiB of memory.*Remedy"):
        load(TensorDataset(X, Y))


def test_mean_and_std_are_for_the_plain_forms() -> None:
    with pytest.raises(DataError, match=r"mean and std are for a folder or an .npz file.*Remedy: normalise inside"):
        load((X, Y), mean=[0.5])


def test_by_name(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users_data_c.py").write_text(
        "import numpy as np\ndef load():\n    return np.zeros((20, 6, 6), np.uint8), np.arange(20) % 2\n"
        "def fail():\n    raise OSError('no disk')\ndef nothing(): ...\n"
    )
    data = load("users_data_c:load")
    assert isinstance(data, Dataset)
    assert data.name == "users_data_c:load"
    with pytest.raises(DataError, match=r"users_data_c:fail.*raised OSError: no disk.*Remedy"):
        load("users_data_c:fail")
    with pytest.raises(
        DataError, match=r"users_data_c:nothing: it gives a NoneType.*Remedy: return a picojoule Dataset"
    ):
        load("users_data_c:nothing")
    with pytest.raises(
        DataError, match=r"users_data_c:absent: the module has no function 'absent'.*Remedy: name one of"
    ):
        load("users_data_c:absent")
    with pytest.raises(DataError, match=r"users_absent:load: there is no module 'users_absent'.*Remedy: run in"):
        load("users_absent:load")
