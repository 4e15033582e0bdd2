"""What a node means densely, where it is not torch's function of that name."""

import pytest
import torch
import torch.nn.functional as F

from picojoule.ir import Conv
from picojoule.ir.dense import evaluate, is_one_to_one, without_bias


def convolution(*, channels=3, groups=3, size=1, stride=1, padding=0, rank=2, multiple=1):
    """A convolution with a bias, for images of 5 values a side."""
    one, generator = (1,) * rank, torch.Generator().manual_seed(0)
    outputs = channels * multiple
    return Conv(
        name="conv", inputs=("x",), shape=(outputs, *[(5 + 2 * padding - size) // stride + 1] * rank),
        weight=torch.randn(outputs, channels // groups, *[size] * rank, generator=generator),
        bias=torch.randn(outputs, generator=generator), has_bias=True,
        stride=(stride,) * rank, padding=(padding,) * rank, dilation=one, groups=groups,
    )  # fmt: skip


@pytest.mark.parametrize("rank", [1, 2])
def test_one_synapse_a_value_is_torchs_convolution_bit_for_bit(rank):
    node = convolution(rank=rank)
    assert is_one_to_one(node)
    x = torch.randn(4, 3, *[5] * rank, generator=torch.Generator().manual_seed(1))
    convolve = F.conv1d if rank == 1 else F.conv2d
    assert torch.equal(evaluate(node, x), convolve(x, node.weight, node.bias, groups=3))
    assert torch.equal(without_bias(node, x), convolve(x, node.weight, None, groups=3))


@pytest.mark.parametrize(
    "other", [{"groups": 1}, {"size": 3, "padding": 1}, {"stride": 2}, {"padding": 1}, {"multiple": 2}], ids=repr
)
def test_others_are_told_apart(other):
    node = convolution(**other)
    assert not is_one_to_one(node)
    x = torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(1))
    wanted = F.conv2d(x, node.weight, node.bias, node.stride, node.padding, node.dilation, node.groups)
    assert torch.equal(evaluate(node, x), wanted)
