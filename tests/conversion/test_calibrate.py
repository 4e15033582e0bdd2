"""Percentiles in one pass: the same for every order and split, and those that numpy finds."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

from nets import inputs, small_cnn
from picojoule.codes import Rate
from picojoule.conversion import convert
from picojoule.conversion.histogram import Histogram
from picojoule.engines import run
from picojoule.ir import Fire

VALUES = st.floats(0, 1e4, width=32) | st.floats(np.float32(2e-12).item(), np.float32(1e-3).item(), width=32)
SAMPLES = st.integers(1, 40).flatmap(lambda n: arrays(np.float32, (n, 2, 3), elements=VALUES))
PERCENTS = st.sampled_from([1, 25, 50, 90, 99, 99.9, 100])
WIDTH = 1.008


def histogram(*batches: np.ndarray) -> Histogram:
    found = Histogram(2)
    for batch in batches:
        found.add(torch.from_numpy(batch))
    return found


@given(values=SAMPLES, percent=PERCENTS, cut=st.integers(0, 40), seed=st.integers(0, 9))
def test_independent_of_order_and_split(values, percent, cut, seed):
    order = np.random.default_rng(seed).permutation(len(values))
    parts = [part for part in np.split(values[order], [min(cut, len(values))]) if len(part)]
    assert torch.equal(histogram(values).percentile(percent), histogram(*parts).percentile(percent))


@given(values=SAMPLES, percent=PERCENTS)
def test_within_a_bin_of_the_order_statistic(values, percent):
    """The p-th percentile is the smallest value that at least p per cent do not exceed; below 2⁻⁴⁰ all is 0."""
    found = histogram(values).percentile(percent).numpy()
    for channel in range(2):
        row = np.sort(values[:, channel].ravel())
        expected = row[ceil(Fraction(str(percent)) * len(row) / 100) - 1]
        expected = 0 if expected < 2.0**-40 and percent < 100 else expected
        assert expected <= found[channel] <= WIDTH * expected


@given(value=st.floats(2.0**-39, 1e4, width=32), largest=st.floats(1e4, 2e4, width=32))
def test_the_middle_of_a_bin_is_near_its_values(value, largest):
    middle, counts = histogram(np.array([[[value], [largest]]], np.float32)).bins()
    assert counts.sum() == 2 and len(middle) in (1, 2)
    assert value / WIDTH <= float(middle[0]) <= value * WIDTH


@given(values=SAMPLES)
def test_hundred_is_the_exact_maximum(values):
    assert np.array_equal(histogram(values).percentile(100).numpy(), values.max((0, 2)).astype(np.float64))


@settings(max_examples=20)
@given(data=arrays(np.float32, (30, 2, 3), elements=VALUES))
def test_monotone_in_the_percentile(data):
    found = histogram(data)
    rows = torch.stack([found.percentile(percent) for percent in (1, 10, 50, 90, 99, 100)])
    assert bool((rows.diff(dim=0) >= 0).all())


def test_large_data_is_within_a_bin_of_numpys_percentile():
    values = np.random.default_rng(0).exponential(size=(5000, 2, 4)).astype(np.float32)
    found = histogram(values).percentile(99.9).numpy()
    expected = np.percentile(values.transpose(1, 0, 2).reshape(2, -1), 99.9, axis=1)
    np.testing.assert_allclose(found, expected, rtol=0.008)


def dead_network() -> nn.Module:
    """Channel 1 of the first layer and the whole second one never fire."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(4), nn.ReLU(), nn.Linear(4, 2)
    ).eval()
    model(inputs(1))
    with torch.no_grad():
        model[0].bias[1], model[3].bias[:] = -100, -1e4
    return model


def test_dead_channels_get_a_finite_scale():
    network = convert(dead_network(), inputs(16), code=Rate(steps=8))
    first, second = (fire.scale for fire in network.all(Fire) if fire.layer != "input")
    assert first[1] == first.max() > 0, "a silent channel takes its layer's scale"
    assert bool((second > 0).all())
    done = run(network, inputs(4))
    assert bool(torch.isfinite(done.values).all()) and done.counts.layers[-2].spikes == 0


@pytest.mark.parametrize("norm", ["channel", "layer"])
def test_scales_are_the_maxima_of_the_activations(norm):
    model, x = small_cnn(), inputs(40)
    hidden = torch.relu(model[1](model[0](x))).detach().amax((0, 2, 3)).double()
    scale = next(
        fire.scale
        for fire in convert(model, x, code=Rate(steps=4), percentile=100, norm=norm).all(Fire)
        if fire.layer == "0"
    )
    expected = hidden if norm == "channel" else hidden.max().expand(6)
    torch.testing.assert_close(scale.double(), expected, rtol=1e-5, atol=0)


def test_scales_do_not_depend_on_the_batches_of_a_loader():
    model, x = small_cnn(), inputs(37)
    found = [
        [fire.scale for fire in convert(model, data, code=Rate(steps=4)).all(Fire)]
        for data in (x, list(x.split(5)), torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x), batch_size=9))
    ]
    for other in found[1:]:
        for mine, theirs in zip(found[0], other, strict=True):
            torch.testing.assert_close(mine, theirs, rtol=0.008, atol=0)
