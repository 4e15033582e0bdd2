"""Walking the windows of the outputs gives the bits of scattering every event."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from picojoule.codes import Rate
from picojoule.engines.plan import tables_of
from picojoule.engines.projecting import conv_projection, layout_of, linear_projection, margins
from picojoule.ir import Conv, Linear
from picojoule.kernels.advance import advance
from picojoule.kernels.projection import Stream, from_frames
from picojoule.kernels.window import NO_WINDOW

STEPS = 6


def convolution(channels: int, outputs: int, size: tuple[int, int], dtype=torch.float32, **options) -> Conv:
    torch.manual_seed(0)
    layer = nn.Conv2d(channels, outputs, **options)
    shape = tuple(layer(torch.zeros(1, channels, *size)).shape[1:])
    settings = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation, "groups": layer.groups}
    weight, bias = layer.weight.detach().to(dtype), torch.zeros(outputs, dtype=dtype)
    return Conv(name="c", inputs=("x",), shape=shape, weight=weight, bias=bias, **settings)


def ends(node: Conv, shape: tuple[int, ...], stream: Stream, window: bool):
    """What neurons emit, and their potentials."""
    around = margins(node, shape)
    projection, layout = conv_projection(node, shape, around), layout_of(node, around)
    assert projection.window.height == shape[1]
    if not window:
        projection = projection._replace(window=NO_WINDOW._replace(weights=projection.window.weights[:0]))
    v = torch.full((stream.samples, layout.size), 0.5, dtype=node.weight.dtype)
    constant = torch.full((1, node.size), 0.01, dtype=node.weight.dtype)
    emitted = advance((stream,), (projection,), layout, v, constant, tables_of(Rate(steps=STEPS)), 1.0)
    return (*emitted, layout.neurons_of(v).numpy())


def events(shape: tuple[int, ...], active: float, dtype=torch.float32, seed: int = 0) -> Stream:
    generator, values = torch.Generator().manual_seed(seed), int(np.prod(shape))
    amounts = torch.rand(2, STEPS, values, generator=generator)
    return from_frames((amounts * (torch.rand(amounts.shape, generator=generator) < active)).to(dtype))


def equal(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("outputs", [16, 32, 48, 64, 80, 144])
def test_the_same_bits(outputs, dtype):
    node, shape = convolution(3, outputs, (6, 8), dtype, kernel_size=3, padding=1), (3, 6, 8)
    stream = events(shape, 0.3, dtype)
    both = [ends(node, shape, stream, window) for window in (True, False)]
    assert equal(*both) and len(both[0][1]) > 50


@settings(max_examples=30, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)), padding=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    height=st.integers(1, 7), width=st.integers(1, 9), channels=st.integers(1, 5),
    outputs=st.sampled_from([16, 32, 48]),
    active=st.sampled_from([0.05, 0.3, 1.0]),
)  # fmt: skip
def test_any_kernel_stride_and_padding(kernel, padding, stride, height, width, channels, outputs, active):
    if height + 2 * padding[0] < kernel[0] or width + 2 * padding[1] < kernel[1]:
        return
    node = convolution(channels, outputs, (height, width), kernel_size=kernel, padding=padding, stride=stride)
    shape = (channels, height, width)
    stream = events(shape, active)
    assert equal(*(ends(node, shape, stream, window) for window in (True, False)))


def test_events_in_another_order():
    """Those of a step that are not in the order of their positions are scattered, in the order they have."""
    node, shape = convolution(3, 16, (6, 8), kernel_size=3, padding=1), (3, 6, 8)
    stream = events(shape, 0.5)
    where, amount = stream.where.copy(), stream.amount.copy()
    first = slice(stream.bounds[0, 2], stream.bounds[0, 3])
    where[first], amount[first] = where[first][::-1], amount[first][::-1]
    turned = Stream(stream.bounds, where, amount)
    assert equal(*(ends(node, shape, turned, window) for window in (True, False)))


@pytest.mark.parametrize("options", [{"dilation": 2}, {"groups": 2}, {"out": 24}], ids=["dilation", "groups", "24"])
def test_layers_without_this_form(options):
    outputs = options.pop("out", 16)
    node = convolution(4, outputs, (8, 8), kernel_size=3, padding=2, **options)
    assert conv_projection(node, (4, 8, 8), margins(node, (4, 8, 8))).window.height == 0
    weight = torch.ones(16, 12)
    assert (
        linear_projection(Linear(name="l", inputs=("x",), shape=(16,), weight=weight, bias=weight[:, 0]), 3).window[0]
        == 0
    )
