"""The kernels over events equal plain torch on the same tables, and dense layers on the same values."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from picojoule.codes import Burst, Rate
from picojoule.engines.plan import tables_of
from picojoule.engines.projecting import (
    channels_innermost,
    conv_projection,
    flat_layout,
    layout_of,
    linear_projection,
    margins,
    windows,
)
from picojoule.ir import AvgPool, Conv, Input, Linear, MaxPool
from picojoule.kernels.advance import advance, advance_reference
from picojoule.kernels.pooling import average, maximum
from picojoule.kernels.projection import Stream, from_frames, scale, to_frames

SAMPLES, STEPS, SHAPE = 2, 12, (3, 6, 5)


def frames(active: float, dtype: torch.dtype = torch.float32, seed: int = 0) -> torch.Tensor:
    """Spikes of halves over some steps, ``[samples, steps, values]`` with channels innermost."""
    generator = torch.Generator().manual_seed(seed)
    return 0.5 * (torch.rand(SAMPLES, STEPS, 90, generator=generator) < active).to(dtype)


def shaped(rows: torch.Tensor) -> torch.Tensor:
    return rows.view(len(rows), 6, 5, 3).permute(0, 3, 1, 2)


def conv(dtype=torch.float32, **options) -> Conv:
    torch.manual_seed(0)
    layer = nn.Conv2d(3, 4, 3, padding=1, **options)
    weight = ((layer.weight.detach() * 64).round() / 64).to(dtype)
    settings = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation, "groups": layer.groups}
    shape = tuple(layer(torch.zeros(1, *SHAPE)).shape[1:])
    return Conv(name="c", inputs=("x",), shape=shape, weight=weight, bias=torch.zeros(4, dtype=dtype), **settings)


def linear(dtype=torch.float32) -> Linear:
    weight = (torch.arange(5 * 90).remainder(17).sub(8) / 64).view(5, 90).to(dtype)
    return Linear(name="l", inputs=("x",), shape=(5,), weight=weight, bias=torch.zeros(5, dtype=dtype))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("leak", [1.0, 0.5])
@pytest.mark.parametrize("active", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("layer", ["conv", "strided", "linear"])
def test_compiled_equals_plain_torch(layer, active, leak, dtype):
    projection, layout = projected(layer, dtype)
    incoming = from_frames(frames(active, dtype))
    size = layout.rows * layout.length
    constant = (torch.arange(size) * 13 % 64 / 64).to(dtype)[None]
    ends = []
    for kernel in (advance, advance_reference):
        v = torch.full((SAMPLES, layout.size), 0.25, dtype=dtype)
        emitted = kernel((incoming,), (projection,), layout, v, constant, tables_of(Rate(steps=STEPS)), leak)
        ends.append((to_frames(emitted, size), layout.neurons_of(v).clone()))
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))
    assert ends[0][0].any() and ends[0][0].dtype == dtype


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_bursts_of_events_equal_plain_torch(dtype):
    (projection, layout), code = projected("conv", dtype), Burst(steps=STEPS)
    size, ends = layout.rows * layout.length, []
    constant = (torch.arange(size) * 13 % 64 / 64).to(dtype)[None]
    for kernel in (advance, advance_reference):
        v, g = torch.full((SAMPLES, layout.size), 0.25, dtype=dtype), torch.ones(SAMPLES, size, dtype=dtype)
        given = (from_frames(frames(0.1, dtype)),), (projection,), layout, v, constant, tables_of(code), 1.0
        emitted = kernel(*given, growth=code.beta, g=g)
        ends.append((to_frames(emitted, size), layout.neurons_of(v).clone(), g))
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))
    assert len(ends[0][0].unique()) > 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_corrections_of_events_equal_plain_torch(dtype):
    (projection, layout), code = projected("conv", dtype), Rate(steps=STEPS, corrected=True)
    size, ends = layout.rows * layout.length, []
    constant = (torch.arange(size) * 13 % 64 / 64 - 0.4375).to(dtype)[None]
    for kernel in (advance, advance_reference):
        v, m = (torch.full(shape, 0.25, dtype=dtype) for shape in ((SAMPLES, layout.size), (SAMPLES, size)))
        m.fill_(1)
        given = (from_frames(frames(0.1, dtype)),), (projection,), layout, v, constant, tables_of(code), 1.0
        emitted = kernel(*given, corrects=True, g=m)
        ends.append((to_frames(emitted, size), layout.neurons_of(v).clone(), m))
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))
    assert set(ends[0][0].unique().tolist()) == {-1.0, 0.0, 1.0}


def projected(layer: str, dtype: torch.dtype):
    if layer == "linear":
        return linear_projection(linear(dtype), 3), flat_layout(5)
    node = conv(dtype, stride=2 if layer == "strided" else 1)
    around = margins(node, SHAPE)
    return conv_projection(node, SHAPE, around), layout_of(node, around)


def test_a_projection_is_the_convolution():
    """Neurons that never fire hold the convolution of the sum of all events."""
    node = conv()
    around = margins(node, SHAPE)
    projection, layout = conv_projection(node, SHAPE, around), layout_of(node, around)
    x, v, never = frames(0.3), torch.zeros(SAMPLES, layout.size), tables_of(Rate(steps=STEPS))
    never = never._replace(thresholds=never.thresholds + float("inf"))
    emitted = advance((from_frames(x),), (projection,), layout, v, torch.zeros(1, node.size), never, 1.0)
    expected = F.conv2d(shaped(x.sum(1)), node.weight, padding=1)
    assert len(emitted.where) == 0
    assert torch.equal(layout.neurons_of(v).flatten(1), channels_innermost(expected, 4))


def test_streams_and_frames_are_the_same_events():
    x = frames(0.2)
    stream = from_frames(x)
    assert torch.equal(to_frames(stream, 90), x) and len(stream.where) == torch.count_nonzero(x)
    assert torch.equal(to_frames(stream.part(3, 7), 90), x[:, 3:7])
    assert torch.equal(to_frames(scale(stream, np.arange(90, dtype=np.float32)), 90), x * torch.arange(90.0))
    twice = Stream(np.asarray([[0, 2]]), np.asarray([4, 4], np.int32), np.asarray([1.0, 2.0], np.float32))
    assert to_frames(twice, 5).tolist() == [[[0, 0, 0, 0, 3]]]


@pytest.mark.parametrize("lag", [0, 1, 4, STEPS - 1, STEPS, 3 * STEPS])
def test_what_was_sent_before_a_window_arrives_at_its_first_step(lag):
    x = frames(0.2)
    arriving = to_frames(from_frames(x).arriving(lag, STEPS), 90)
    expected = torch.zeros_like(x)
    expected[:, 0] = x[:, : lag + 1].sum(1)
    expected[:, 1 : max(1, STEPS - lag)] = x[:, lag + 1 :]
    assert torch.equal(arriving, expected)


POOLS = [((2, 2), (2, 2), (0, 0), False), ((3, 3), (2, 2), (1, 1), False), ((3, 2), (2, 1), (1, 0), True)]


@pytest.mark.parametrize(("kernel", "stride", "padding", "ceil"), POOLS)
def test_pools_of_events(kernel, stride, padding, ceil):
    x = frames(0.3)
    source, still = Input(name="x", shape=SHAPE), shaped(x.flatten(0, 1))
    options = {"kernel": kernel, "stride": stride, "padding": padding, "ceil": ceil}
    dense = F.avg_pool2d(still, kernel, stride, padding, ceil, False)
    shape = tuple(dense.shape[1:])
    mean = AvgPool(name="a", inputs=("x",), shape=shape, count_padding=False, **options)
    got = to_frames(average(from_frames(x), windows(mean, source)), mean.size)
    torch.testing.assert_close(got.flatten(0, 1), dense.permute(0, 2, 3, 1).flatten(1))

    most = MaxPool(name="m", inputs=("x",), shape=shape, dilation=(1, 1), **options)
    sums, largest = torch.zeros(SAMPLES, 90), torch.zeros(SAMPLES, most.size)
    got = to_frames(maximum(from_frames(x), windows(most, source), sums, largest), most.size)
    dense = F.max_pool2d(shaped(x.cumsum(1).flatten(0, 1)), kernel, stride, padding, 1, ceil)
    dense = dense.permute(0, 2, 3, 1).reshape(SAMPLES, STEPS, -1)
    assert torch.equal(got, dense.diff(dim=1, prepend=torch.zeros_like(dense[:, :1])))
    assert torch.equal(sums, x.sum(1)) and torch.equal(largest, got.sum(1))
