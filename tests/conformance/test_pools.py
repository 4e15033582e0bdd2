"""Engines agree behind every arrangement of pools."""

import pytest
import torch
from torch import nn

from nets import inputs
from picojoule.codes import TTFS, Rate
from picojoule.conversion import convert
from picojoule.engines import run
from suite import check_engines_agree

POOLS = {
    "maximum twice": (nn.MaxPool2d(2), nn.MaxPool2d(2)),
    "overlapping": (nn.MaxPool2d(3, stride=1, padding=1),),
    "maximum, average": (nn.MaxPool2d(2), nn.AvgPool2d(2)),
    "average, maximum": (nn.AvgPool2d(2), nn.MaxPool2d(2)),
    "ceil": (nn.MaxPool2d(3, ceil_mode=True),),
}


def network(pools, code):
    torch.manual_seed(0)
    body = [nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), *pools, nn.Conv2d(4, 4, 3, padding=1), nn.ReLU()]
    net = nn.Sequential(*body, nn.Flatten(), nn.LazyLinear(3))
    x = inputs(8)
    net(x)
    return convert(net, x, code=code, percentile=100), x


@pytest.mark.parametrize("pools", POOLS.values(), ids=POOLS)
@pytest.mark.parametrize("code", [TTFS(steps=20), Rate(steps=8)], ids=repr)
def test_engines_agree_behind_pools(pools, code):
    spiking, x = network(pools, code)
    if "closed" in run(spiking, x).plan:
        check_engines_agree(spiking, x, exactly=False)
    else:
        assert code == Rate(steps=8) or pools == POOLS["average, maximum"]


def test_a_pool_that_may_emit_twice_is_left_to_the_oracle():
    spiking, x = network(POOLS["average, maximum"], TTFS(steps=20))
    assert "more than one event a window" in run(spiking, x).plan
