"""Darknet's two files become a plain module of the same function, or one clear error."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from picojoule.base.errors import WeightsError
from picojoule.codes import TTFS, Rate
from picojoule.conversion import convert, trace
from picojoule.engines import run
from picojoule.models.darknet import Darknet, load_darknet, sections

NET = "[net]\nwidth=16\nheight=16\nchannels=3\n"
TINY = (
    NET
    + """
[convolutional]   # normed, leaky
batch_normalize=1
filters=6
size=3
stride=1
pad=1
activation=leaky

[maxpool]
size=2
stride=2

[convolutional]
filters=8
size=5
groups=2
pad=1
activation=leaky

[maxpool]
size=2
stride=1

[route]
layers=-1
groups=2
group_id=1

[upsample]
stride=2

[route]
layers=-1, 0

[convolutional]
filters=10
size=1
activation=linear

[shortcut]
from=-1
activation=linear

[yolo]
mask=0

[route]
layers=2

[convolutional]
filters=4
size=1
pad=1
activation=linear

[yolo]
mask=1
"""
)
COUNT = 6 * 4 + 6 * 3 * 9 + 8 + 8 * 3 * 25 + 10 + 10 * 10 + 4 + 4 * 8


def numbers(seed=0, count=COUNT) -> np.ndarray:
    values = np.random.default_rng(seed).normal(0, 0.2, count).astype("<f4")
    values[12:24] = np.abs(values[12:24]) + 0.5  # means and variances of the norm
    return values


def files(folder, text=TINY, values=None, header=(0, 2, 0)):
    cfg, weights = folder / "tiny.cfg", folder / "tiny.weights"
    cfg.write_text(text)
    seen = b"\0" * (8 if header[0] * 10 + header[1] >= 2 else 4)
    weights.write_bytes(
        np.asarray(header, "<i4").tobytes() + seen + (numbers() if values is None else values).tobytes()
    )
    return cfg, weights


def by_hand(x: torch.Tensor, values: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """The same network from darknet's documentation, with its numbers in order."""
    stream = torch.from_numpy(values.copy())

    def take(*shape):
        nonlocal stream
        size = int(np.prod(shape))
        part, stream = stream[:size].view(*shape), stream[size:]
        return part

    beta, gamma, mean, var = (take(6) for _ in range(4))
    zero = F.leaky_relu(F.batch_norm(F.conv2d(x, take(6, 3, 3, 3), padding=1), mean, var, gamma, beta), 0.1)
    bias = take(8)
    two = F.leaky_relu(F.conv2d(F.max_pool2d(zero, 2), take(8, 3, 5, 5), bias, padding=2, groups=2), 0.1)
    pooled = F.max_pool2d(F.pad(two, (0, 1, 0, 1), value=-torch.inf), 2, 1)
    joined = torch.cat([F.interpolate(pooled[:, 4:], scale_factor=2), zero], 1)
    bias = take(10)
    seven = F.conv2d(joined, take(10, 10, 1, 1), bias)
    bias = take(4)
    return seven + seven, F.conv2d(two, take(4, 8, 1, 1), bias)


X = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("header", [(0, 1, 0), (0, 2, 5)])
def test_the_network_is_the_one_of_the_files(tmp_path, header):
    model = load_darknet(*files(tmp_path, header=header))
    assert (model.channels, model.height, model.width) == (3, 16, 16)
    assert [section.options["mask"] for section in model.heads] == ["0", "1"]
    with torch.no_grad():
        for got, expected in zip(model(X), by_hand(X, numbers()), strict=True):
            torch.testing.assert_close(got, expected)


def test_an_archive_of_both(tmp_path):
    np.savez(tmp_path / "tiny.npz", cfg=np.asarray(TINY), weights=numbers())
    with torch.no_grad():
        torch.testing.assert_close(load_darknet(tmp_path / "tiny.npz")(X), by_hand(X, numbers()))


@pytest.mark.parametrize("code", [Rate(steps=256), TTFS(steps=300)], ids=repr)
def test_it_converts(tmp_path, code):
    model = load_darknet(*files(tmp_path))
    network = convert(model, X, code=code, percentile=100)
    for got, expected in zip(run(network, X).values, by_hand(X, numbers()), strict=True):
        assert (got - expected).abs().max() < 0.08 * expected.abs().max()
    torch.testing.assert_close(run(trace(model, X), X).values, by_hand(X, numbers()))


WRONG = {
    "section": (NET + "[lstm]\noutput=3\n", r"line 5 \[lstm\].*\[lstm\] is not supported"),
    "activation": (NET + "[convolutional]\nactivation=hardtan\n", "'hardtan' is not supported"),
    "line": (NET + "[convolutional]\nfilters\n", "line 6 is 'filters'"),
    "no net": ("[convolutional]\nfilters=3\n", r"does not begin with \[net\]"),
    "empty": ("", r"does not begin with \[net\]"),
    "no width": ("[net]\nheight=3\nchannels=1\n", "width is missing"),
    "filters": (NET + "[convolutional]\nfilters=six\n", "filters is 'six', no whole number"),
    "route ahead": (NET + "[route]\nlayers=4\n", "there is no layer 4 before it"),
    "route behind": (NET + "[convolutional]\nfilters=3\n[route]\nlayers=-3\n", "there is no layer -3 before it"),
    "route of words": (NET + "[convolutional]\nfilters=3\n[route]\nlayers=a\n", "layers is 'a'"),
    "shortcut": (
        NET + "[convolutional]\nfilters=3\n[convolutional]\nfilters=4\n[shortcut]\nfrom=-2\n",
        "adds 3 channels to 4",
    ),
    "groups": (NET + "[convolutional]\nfilters=4\ngroups=2\n", "2 groups of 3"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_cfg_is_one_error(text, message):
    with pytest.raises(WeightsError, match=message) as caught:
        Darknet(sections(text, where="tiny.cfg"))
    assert caught.value.remedy and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (numbers()[:-7], "truncated, or of another network"),
        (numbers(count=COUNT + 3), "of another network"),
        (numbers() * np.float32(np.nan), "not finite"),
    ],
)
def test_wrong_weights_are_one_error(tmp_path, values, message):
    with pytest.raises(WeightsError, match=message):
        load_darknet(*files(tmp_path, values=values))


def test_damaged_files_are_one_error(tmp_path):
    cfg, weights = files(tmp_path)
    weights.write_bytes(weights.read_bytes()[:-2])
    for given, message in (
        ((cfg, weights), "no whole number of weights"),
        ((cfg, None), "no weights are given"),
        ((cfg, tmp_path / "none"), "cannot be read"),
        ((tmp_path / "none", weights), "cannot be read"),
    ):
        with pytest.raises(WeightsError, match=message):
            load_darknet(*given)
    np.savez(tmp_path / "other.npz", weights=numbers())
    with pytest.raises(WeightsError, match="no cfg and weights"):
        load_darknet(tmp_path / "other.npz")
