"""Data from .npz files: every form, every wrong input."""

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from picojoule.base.errors import DataError
from picojoule.data.vision import load

X = np.random.default_rng(0).integers(0, 256, (30, 6, 5), dtype=np.uint8)
Y = np.arange(30) % 3


def save(path: Path, **arrays) -> Path:
    np.savez(path, **arrays)
    return path


@given(
    pixels=hnp.arrays(
        np.uint8, st.tuples(st.integers(1, 4), st.integers(5, 8), st.integers(5, 8), st.sampled_from([1, 3]))
    ),
    channels_first=st.booleans(),
    compressed=st.booleans(),
)
def test_pixels_come_back(tmp_path_factory, pixels, channels_first: bool, compressed: bool) -> None:
    path = tmp_path_factory.mktemp("npz") / "mine.npz"
    x = pixels.transpose(0, 3, 1, 2) if channels_first else pixels
    y = np.zeros(len(x), np.uint8)
    (np.savez_compressed if compressed else np.savez)(path, x_train=x, y_train=y, x_test=x, y_test=y)
    data = load(path)
    assert np.array_equal((data.test.images.numpy() * 255).round(), pixels.transpose(0, 3, 1, 2))


@pytest.mark.parametrize(
    "names",
    [("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels")],
)
def test_names_of_the_parts(tmp_path, names) -> None:
    arrays = dict(zip(names, (X[:20], Y[:20], X[20:], Y[20:]), strict=True))
    data = load(save(tmp_path / "mine.npz", **arrays))
    assert data.summary() | {"sha256": 0} == {"name": "mine", "train": 20, "test": 10, "sha256": 0}
    assert data.classes == 3


def test_without_a_test_part_every_fifth_of_a_class_is_kept_and_said(tmp_path, capsys) -> None:
    data = load(save(tmp_path / "mine.npz", x=X, y=Y))
    assert (len(data.train), len(data.test)) == (24, 6)
    assert "every fifth image of each class (6 of 30)" in capsys.readouterr().err


def test_mean_and_std_are_per_channel(tmp_path) -> None:
    x = np.stack([X] * 3, axis=-1)
    data = load(save(tmp_path / "mine.npz", x=x, y=Y), mean=(0.1, 0.2, 0.3), std=(1, 2, 4))
    plain = load(tmp_path / "mine.npz")
    assert torch.allclose(data.test.images[:, 2], (plain.test.images[:, 2] - 0.3) / 4)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (X.astype(np.uint16) * 257, X / 255),
        (X.astype(np.int64), X / 255),
        (X.astype(np.float64), X / 255),
        (X > 99, X > 99),
        (X / np.float16(255), X / 255),
        (X / 255.0 - 0.5, X / 255 - 0.5),
    ],
    ids=["uint16", "int64", "whole floats", "bool", "half", "centred floats"],
)
def test_kinds_of_pixels(tmp_path, x, expected) -> None:
    data = load(save(tmp_path / "mine.npz", x_train=x, y_train=Y, x_test=x, y_test=Y))
    assert np.allclose(data.test.images[:, 0].numpy(), expected, atol=1e-3)


def test_labels_may_be_a_column_of_whole_floats(tmp_path) -> None:
    data = load(save(tmp_path / "mine.npz", x_train=X, y_train=Y[:, None] * 1.0, x_test=X, y_test=Y))
    assert data.train.labels.tolist() == Y.tolist()


def with_nan() -> np.ndarray:
    x = X / 255.0
    x[7, 0, 0] = np.nan
    return x


WRONG_ARRAYS = {
    "labels too few": ({"x": X, "y": Y[:-1]}, "30 images but 29 labels"),
    "labels fractional": ({"x": X, "y": Y + 0.5}, "fractional label 0.5"),
    "labels nan": ({"x": X, "y": np.where(Y == 1, np.nan, Y)}, "fractional label nan"),
    "labels text": ({"x": X, "y": np.array(["a"] * 30)}, "labels are <U1, not integers"),
    "labels negative": ({"x": X, "y": Y - 1}, "label -1, outside 0..99999"),
    "labels huge": ({"x": X, "y": Y * 10**6}, "label 1000000, outside"),
    "labels one-hot": ({"x": X, "y": np.eye(3)[Y]}, r"shape \(30, 3\), not one an image"),
    "test class unknown": (
        {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1},
        "label 3, the training part none above 2",
    ),
    "other keys": ({"pictures": X, "classes": Y}, "no images and labels under a known name, but 'pictures'"),
    "only images": ({"x_train": X}, "but 'x_train'"),
    "nan": ({"x": with_nan(), "y": Y}, "image 7 has a pixel that is not a finite number"),
    "overflow": ({"x": X * 1e300, "y": Y}, "not a finite number"),
    "complex": ({"x": X * 1j, "y": Y}, "pixels are complex128"),
    "text": ({"x": X.astype(str), "y": Y}, "pixels are <U3"),
    "big integers": ({"x": X.astype(np.int32) * 300, "y": Y}, "pixels are int32 from 0 to"),
    "flat": (
        {"x": X.reshape(30, -1), "y": Y},
        r"shape \(30, 30\), in which the channels \(1 to 4\) are not to be found",
    ),
    "many channels": ({"x": np.zeros((30, 5, 6, 7)), "y": Y}, "not to be found"),
    "ambiguous": ({"x": np.zeros((30, 3, 9, 3)), "y": Y}, "ambiguous"),
    "scalar": ({"x": np.float32(3), "y": Y}, "1 images but 30 labels"),
    "empty": ({"x_train": X, "y_train": Y, "x_test": X[:0], "y_test": Y[:0]}, "the test part has no images"),
    "unequal": ({"x_train": X, "y_train": Y, "x_test": X[:, 1:], "y_test": Y}, "training images are"),
    "objects": ({"x": np.array([{}], object), "y": Y}, "'x' holds pickled objects, which can run code"),
    "records": ({"x": np.zeros(30, [("a", "f4")]), "y": Y}, "not numbers"),
    "dates": ({"x": X.astype("datetime64[s]"), "y": Y}, "not numbers"),
}


@pytest.mark.parametrize(("arrays", "message"), WRONG_ARRAYS.values(), ids=list(WRONG_ARRAYS))
def test_wrong_arrays(tmp_path, arrays, message: str) -> None:
    with pytest.raises(DataError, match=rf"mine.*: .*{message}.*Remedy: "):
        load(save(tmp_path / "mine.npz", **arrays))


def bomb() -> bytes:
    """A file of 600 bytes that claims 10 TB."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, shape in (("x", (10**10, 28, 28)), ("y", (10**10,))):
            head = io.BytesIO()
            np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": shape})
            archive.writestr(f"{name}.npy", head.getvalue())
    return content.getvalue()


def whole() -> bytes:
    content = io.BytesIO()
    np.savez(content, x=X, y=Y)
    return content.getvalue()


def flipped() -> bytes:
    content = bytearray(whole())
    content[len(content) // 3] ^= 0xFF
    return bytes(content)


WRONG_FILES = {
    "empty": (b"", "not a whole .npz file"),
    "text": (b"x,y\n1,2\n", "not a whole .npz file"),
    "truncated": (whole()[:500], "not a whole .npz file"),
    "flipped bit": (flipped(), "not a whole .npz file.*CRC"),
    "pickle": (pickle.dumps({"x": 1}), "it is a pickle, which can run code"),
    "bomb": (bomb(), r"29243.*GiB of memory, and 8 GiB is the limit"),
}


@pytest.mark.parametrize(("content", "message"), WRONG_FILES.values(), ids=list(WRONG_FILES))
def test_wrong_files(tmp_path, content: bytes, message: str) -> None:
    path = tmp_path / "mine.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"mine\.npz: .*{message}.*Remedy: "):
        load(path)


@given(cut=st.integers(0, 1500), flip=st.integers(0, 1499))
def test_no_damage_gives_another_error(tmp_path_factory, cut: int, flip: int) -> None:
    content = bytearray(whole())
    content[flip % len(content)] ^= 0x55
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(bytes(content[: cut or None]))
    try:
        data = load(path)
    except DataError as error:
        assert str(error).startswith(str(path))
    else:  # a flip in a date or a comment harms nothing
        assert len(data.train) == 24


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"mean": (0.5, 0.5)}, "mean has 2 numbers but the images have 1 channels"),
        ({"std": (1, 1, 1)}, "std has 3 numbers"),
        ({"std": (0.0,)}, r"std is \(0.0,\)"),
        ({"std": (-1.0,)}, r"std is \(-1.0,\)"),
        ({"mean": (float("nan"),)}, r"mean is \(nan,\)"),
    ],
)
def test_wrong_mean_and_std(tmp_path, numbers, message: str) -> None:
    with pytest.raises(DataError, match=rf"mine: {message}.*Remedy: give"):
        load(save(tmp_path / "mine.npz", x=X, y=Y), **numbers)


def test_paths_that_are_no_data(tmp_path) -> None:
    with pytest.raises(DataError, match=r"absent.npz: there is no such file or folder.*Remedy: check the path"):
        load(tmp_path / "absent.npz")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(
        DataError, match=r"notes\.txt: a file of the kind '\.txt' is not read as data.*Remedy: give a folder"
    ):
        load(tmp_path / "notes.txt")


@pytest.mark.parametrize(("name", "shape"), [("mnist_full", (1, 28, 28)), ("cifar10_lossless_5k", (3, 32, 32))])
def test_real_data(name: str, shape) -> None:
    path = Path(os.environ.get("PICOJOULE_DATA", "absent")) / f"{name}.npz"
    if not path.is_file():
        pytest.skip("$PICOJOULE_DATA has no such file")
    data = load(path)
    assert data.test.images.shape[1:] == shape
    assert data.classes == 10
    assert data.test.images.max() == 1
