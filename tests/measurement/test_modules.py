"""Counts of any module: torch's own counter, brute force, and what the same network of ours counts."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from picojoule.base.errors import InputError
from picojoule.cost import traffic
from picojoule.cost.training import dense_training
from picojoule.engines import run
from picojoule.engines.unfused import unfused
from picojoule.measurement import count_module
from picojoule.models.attention import Attention, TransformerLayer
from picojoule.models.vision import DigitNet, VisionTransformer
from picojoule.recipes.systems import ann

MODULES = {
    "vision transformer": (VisionTransformer(size=12, width=8, depth=2, heads=2), (3, 1, 12, 12)),
    "strided": (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), (2, 4, 9, 9)),
    "transposed": (nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (2, 4, 5, 5)),
    "one dimension": (nn.Conv1d(2, 3, 5, dilation=2), (2, 2, 20)),
    "linear": (nn.Linear(7, 5), (4, 3, 7)),
}


@pytest.mark.parametrize("name", MODULES)
def test_macs_are_half_the_flops_of_torchs_counter(name):
    model, shape = MODULES[name]
    x = torch.randn(shape)
    counts = count_module(model, x)
    with FlopCounterMode(display=False) as counter, torch.no_grad(), unfused():
        model.eval()(x)
    assert counts.samples == len(x)
    assert 2 * counts.total("macs") == counter.get_total_flops()


def test_a_network_of_ours_counts_the_same():
    torch.manual_seed(0)
    model, x = DigitNet().eval(), torch.rand(3, 1, 28, 28)
    theirs, ours = count_module(model, x), run(ann(model, x), x).counts
    for name in ("macs", "effective_macs", "bias_adds"):
        assert theirs.total(name) == ours.total(name), name
    assert sum(each.weights for each in theirs.layers) == sum(each.weights for each in ours.layers)
    assert traffic(theirs) == traffic(ours)


@pytest.mark.parametrize("kind, gates", [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)])
def test_recurrence_by_hand(kind, gates):
    model = kind(5, 7, batch_first=True, bidirectional=True).train()
    counts = count_module(model, torch.randn(2, 6, 5))
    assert counts.per_sample("macs") == 2 * 6 * gates * 7 * (5 + 7)
    assert sum(each.weights for each in counts.layers) == sum(each.numel() for each in model.parameters())
    assert model.training


def test_attention_by_hand():
    counts = count_module(Attention(8, 2), torch.randn(2, 5, 8))
    assert {each.name: each.macs // 2 for each in counts.layers} == {
        "query": 5 * 8 * 8,
        "key": 5 * 8 * 8,
        "value": 5 * 8 * 8,
        "Attention": 2 * 5 * 5 * 8,
        "mix": 5 * 8 * 8,
    }


def test_zeros_by_brute_force():
    torch.manual_seed(0)
    x = torch.randn(2, 3, 5, 5).relu()
    model = nn.Conv2d(3, 4, 3, padding=1)
    with torch.no_grad():
        model.weight[0] = 0  # of weights, zeros are not skipped
    windows = F.unfold(x, 3, padding=1)
    assert count_module(model, x).total("effective_macs") == 4 * int(windows.count_nonzero())


def test_activations_times_activations_skip_the_zeros_of_both():
    class Product(nn.Module):
        def forward(self, a, b):
            return a @ b

    torch.manual_seed(0)
    a, b = torch.randn(2, 3, 4).relu(), torch.randn(2, 4, 5).relu()
    told = sum(
        int(a[n, i, k] != 0 and b[n, k, j] != 0) for n in range(2) for i in range(3) for k in range(4) for j in range(5)
    )
    assert count_module(Product(), a, b).total("effective_macs") == told


def test_a_module_called_twice_is_one_layer_and_moves_its_weights_once():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, x):
            return x + self.linear(self.linear(x))

    counts = count_module(Twice(), torch.randn(3, 4))
    assert [(each.name, each.macs, each.weights, each.bias_adds) for each in counts.layers] == [
        ("linear", 3 * 32, 20, 3 * 8),
        ("Twice", 0, 0, 3 * 4),
    ]


def test_a_bilinear_sampler_takes_four_products_a_value():
    class Resize(nn.Module):
        def forward(self, x):
            return F.interpolate(x, size=(6, 6), mode="bilinear")

    assert count_module(Resize(), torch.randn(2, 3, 4, 4)).total("macs") == 4 * 2 * 3 * 36


def test_a_training_step_is_what_torchs_counter_finds():
    model, x = nn.Sequential(nn.Linear(6, 8), TransformerLayer(8, 2)), torch.randn(2, 5, 6)
    with FlopCounterMode(display=False) as counter, unfused():
        model(x).sum().backward()
    assert 2 * dense_training(count_module(model, x)).total("macs") == counter.get_total_flops()


def test_without_a_tensor_it_asks_for_the_number_of_samples():
    with pytest.raises(InputError, match="samples"):
        count_module(nn.Identity(), None)
