"""MobileNet-v1 is the published one: parameters, MACs, number of depthwise groups."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from picojoule.models.vision.mobilenet import MobileNet


def test_parameters_macs_and_groups():
    with torch.device("meta"):
        model = MobileNet().eval()
        images = torch.empty(1, 3, 224, 224)
    with FlopCounterMode(display=False) as counter:
        assert model(images).shape == (1, 1000)
    assert sum(each.numel() for each in model.parameters()) == 4_231_976
    assert counter.get_total_flops() == 2 * 568_740_352
    depthwise = [each for each in model.modules() if isinstance(each, nn.Conv2d) and each.groups > 1]
    assert len(depthwise) == 13 and sum(each.groups for each in depthwise) == 4960


@pytest.mark.parametrize(("small", "side"), [(False, 1), (True, 8)])
def test_a_small_form_keeps_small_pictures_large(small, side):
    model = MobileNet(5, width=0.125, inputs=1, small=small).eval()
    images = torch.rand(2, 1, 32, 32)
    assert model.features(images).shape == (2, 128, side, side)
    assert model(images).shape == (2, 5)
