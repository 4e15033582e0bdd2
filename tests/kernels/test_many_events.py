"""Sliding over the positions and walking the windows of the outputs give the bits of scattering every event."""

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
from picojoule.kernels.slide import NO_SLIDE
from picojoule.kernels.window import NO_WINDOW

STEPS = 6


def convolution(channels: int, outputs: int, size: tuple[int, int], dtype=torch.float32, **options) -> Conv:
    torch.manual_seed(0)
    layer = nn.Conv2d(channels, outputs, **options)
    shape = tuple(layer(torch.zeros(1, channels, *size)).shape[1:])
    settings = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation, "groups": layer.groups}
    weight, bias = layer.weight.detach().to(dtype), torch.zeros(outputs, dtype=dtype)
    return Conv(name="c", inputs=("x",), shape=shape, weight=weight, bias=bias, **settings)


def slides(node: Conv) -> bool:
    return node.weight.shape[2:] == (3, 3) and node.stride == (1, 1)


def ends(node: Conv, shape: tuple[int, ...], stream: Stream, form: bool):
    """What neurons emit, and their potentials."""
    around = margins(node, shape)
    projection, layout = conv_projection(node, shape, around), layout_of(node, around)
    assert (projection.slide.height, projection.window.height) == ((shape[1], 0) if slides(node) else (0, shape[1]))
    if not form:
        none = projection.weights[:0]
        neither = {"slide": NO_SLIDE._replace(weights=none), "window": NO_WINDOW._replace(weights=none)}
        projection = projection._replace(**neither)
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
@pytest.mark.parametrize("outputs", [16, 32, 48, 64, 80, 112, 144])
@pytest.mark.parametrize("kernel", [3, (3, 5)], ids=["slide", "window"])
def test_the_same_bits(kernel, outputs, dtype):
    node, shape = convolution(3, outputs, (6, 8), dtype, kernel_size=kernel, padding=1), (3, 6, 8)
    stream = events(shape, 0.3, dtype)
    both = [ends(node, shape, stream, form) for form in (True, False)]
    assert equal(*both) and len(both[0][1]) > 50


@settings(max_examples=30, deadline=None)
@given(
    kernel=st.one_of(st.just((3, 3)), st.tuples(st.integers(1, 4), st.integers(1, 4))),
    padding=st.tuples(st.integers(0, 4), st.integers(0, 4)),
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
    assert equal(*(ends(node, shape, stream, form) for form in (True, False)))


@pytest.mark.parametrize("outputs", [16, 80])
@pytest.mark.parametrize("kernel", [3, (3, 5)], ids=["slide", "window"])
def test_events_in_another_order(kernel, outputs):
    """Those of a step that are not in the order of their positions are scattered, in the order they have."""
    node, shape = convolution(3, outputs, (6, 8), kernel_size=kernel, padding=1), (3, 6, 8)
    stream = events(shape, 0.5)
    where, amount = stream.where.copy(), stream.amount.copy()
    first = slice(stream.bounds[0, 2], stream.bounds[0, 3])
    where[first], amount[first] = where[first][::-1], amount[first][::-1]
    parts = slice(stream.bounds[1, 4], stream.bounds[1, 5])
    half = (parts.stop - parts.start) // 2
    where[parts], amount[parts] = np.roll(where[parts], half), np.roll(amount[parts], half)
    turned = Stream(stream.bounds, where, amount)
    assert equal(*(ends(node, shape, turned, form) for form in (True, False)))


@pytest.mark.parametrize("options", [{"dilation": 2}, {"groups": 2}, {"out": 24}], ids=["dilation", "groups", "24"])
def test_layers_without_this_form(options):
    outputs = options.pop("out", 16)
    node = convolution(4, outputs, (8, 8), kernel_size=3, padding=2, **options)
    weight = torch.ones(16, 12)
    linear = Linear(name="l", inputs=("x",), shape=(16,), weight=weight, bias=weight[:, 0])
    both = conv_projection(node, (4, 8, 8), margins(node, (4, 8, 8))), linear_projection(linear, 3)
    assert {each.slide.height for each in both} == {each.window.height for each in both} == {0}
