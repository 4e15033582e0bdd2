"""The residual networks are the published ones: parameters, MACs, keys, sizes of features."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from picojoule.base.errors import InputError
from picojoule.models.vision.resnet import ResNet

PUBLISHED = {18: (11_689_512, 1_814_073_344), 34: (21_797_672, 3_663_761_408), 50: (25_557_032, 4_089_184_256)}
"""Parameters of the published networks, and MACs of a picture of 224×224 by torch's own counter."""


@pytest.mark.parametrize("depth", PUBLISHED)
def test_parameters_and_macs(depth):
    with torch.device("meta"):
        model = ResNet(depth).eval()
        images = torch.empty(1, 3, 224, 224)
    with FlopCounterMode(display=False) as counter:
        assert model(images).shape == (1, 1000)
    parameters, macs = PUBLISHED[depth]
    assert sum(each.numel() for each in model.parameters()) == parameters
    assert counter.get_total_flops() == 2 * macs


def test_the_keys_are_those_of_published_weights():
    with torch.device("meta"):
        keys = ResNet(50).state_dict().keys()
    named = {"conv1.weight", "bn1.running_mean", "layer1.0.conv3.weight", "layer1.0.downsample.0.weight"}
    assert named | {"layer4.2.bn3.bias", "layer2.0.downsample.1.running_var", "fc.bias"} <= keys
    assert len(keys) == 320 and "layer1.1.downsample.0.weight" not in keys


@pytest.mark.parametrize(("small", "side"), [(False, 1), (True, 4)])
def test_sizes_of_the_features(small, side):
    model = ResNet(18, 7, inputs=1, small=small, widths=(8, 8, 16, 16)).eval()
    images = torch.rand(2, 1, 32, 32)
    assert model.features(images).shape == (2, 16, side, side)
    assert model(images).shape == (2, 7)


def test_a_block_adds_its_input():
    """With the last norm of each block at zero, a block is the ReLU of its shortcut."""
    model = ResNet(18, small=True, widths=(4, 4, 4, 4)).eval()
    block = model.layer1[0]
    nn.init.zeros_(block.bn2.weight)
    x = torch.randn(1, 4, 8, 8)
    assert torch.equal(block(x), x.relu())


def test_no_such_depth():
    with pytest.raises(InputError, match=r"ResNet: there is no depth 20.*use 8, 18, 34, 50"):
        ResNet(20)
