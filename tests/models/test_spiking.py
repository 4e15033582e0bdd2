"""The macro space: parameters and neurons as published, blocks that fit everywhere, neurons that cannot fire."""

import pytest
import torch
from torch import nn

from picojoule.base.errors import InputError
from picojoule.models.spiking import BLOCKS, CANDIDATES, FOUND, RELU, Macro, Relaxing
from picojoule.models.spiking.blocks import RELEASED
from picojoule.models.spiking.found import AUTOSNN
from picojoule.neurons.trainable import Membrane
from picojoule.train.sparsity import outputs_of

DOWNS = [(down, whole) for down in ("max", "strided", "average") for whole in (False, True)]


@pytest.mark.parametrize(
    ("channels", "millions", "neurons"),
    [(16, 0.418, 82_020), (32, 1.463, 163_940), (64, 5.437, 327_780), (128, 20.917, 655_460)],
)
def test_parameters_and_neurons_are_those_of_the_paper(channels, millions, neurons):
    with torch.device("meta"):
        net = Macro(channels=channels).network(AUTOSNN)
    assert round(sum(each.numel() for each in net.parameters()) / 1e6, 3) == millions
    assert neurons_of(channels) == neurons


def neurons_of(channels: int) -> int:
    """Counted on a single channel's worth: neurons but the head's grow with C."""
    with torch.inference_mode():
        net = Macro(channels=1, steps=1).network(AUTOSNN)
        with outputs_of(net, Membrane) as spikes:
            net(torch.zeros(1, 3, 32, 32))
    head = spikes["head.1.membrane"].numel()
    return channels * (sum(each.numel() for each in spikes.values()) - head) + head


def test_the_published_architectures_are_in_the_space():
    assert all(len(each) == 5 and set(each) <= set(CANDIDATES) for each in FOUND.values())
    assert len(set(FOUND.values())) == len(FOUND) == 7


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("down", ["max", "strided", "average"])
def test_every_block_fits_at_every_position_also_on_odd_sizes(block, down):
    macro = Macro(channels=2, shape=(1, 13, 9), steps=2, down=down, layout=(1, "down", 2, 2, "down"), averaging="bare")
    net = macro.network((block,) * 3)
    assert net(torch.rand(2, 1, 13, 9)).shape == (2, 10)


@pytest.mark.parametrize(("down", "whole"), DOWNS)
@pytest.mark.parametrize("averaging", ["released", "bare", "undecayed", "lowered"])
def test_every_design_learns_something_from_every_weight_or_is_silent(down, whole, averaging):
    # not fewer channels: oneDNN of torch 2.13 on AVX2 breaks the heap in the weights' gradient of 1×1 stride 2 of 7
    macro = Macro(channels=8, shape=(1, 8, 8), steps=3, layout=(1, "down"), down=down, whole=whole, averaging=averaging)
    torch.manual_seed(0)
    net = macro.network(("SRB3",))
    net(torch.rand(4, 1, 8, 8)).square().sum().backward()
    silent = averaging == "released" and (whole or down == "average")
    gradients = [each.grad for each in net.front.parameters()]
    assert all(each is not None for each in gradients)
    if silent:
        assert not net(torch.rand(4, 1, 8, 8)).any()


@pytest.mark.parametrize("rate", [0.25, 0.75, 1.0])
def test_a_mean_of_spikes_never_makes_a_relaxing_neuron_fire(rate):
    spikes = (torch.rand(100, 4, 3, 8, 8, generator=torch.Generator().manual_seed(0)) < rate).float()
    means = spikes.unflatten(3, (4, 2)).unflatten(5, (4, 2)).mean((4, 6)).clamp(max=1)
    assert not Relaxing(leak=0.9)(means[:20]).any()
    assert Relaxing(threshold=0.25, leak=0.9)(means).any()  # a lowered threshold lets it fire


def test_a_relaxing_neuron_is_the_released_one():
    x = torch.randn(8, 50, generator=torch.Generator().manual_seed(1)).double() + 0.8
    neuron, v, due = Relaxing().double(), torch.zeros(50).double(), []
    w = torch.tensor(0.0).double()  # -ln(τ₀ - 1) with τ₀ = 2
    for each in x:
        v = v + torch.sigmoid(w) * (each - v)
        due.append((v >= 1).double())
        v = v * (1 - due[-1])
    assert torch.equal(neuron(x), torch.stack(due))


@pytest.mark.parametrize(("side", "front"), [(32, 1), (64, 2), (128, 2)])
@pytest.mark.parametrize("frames", [False, True])
def test_large_images_are_made_small_first(side, front, frames):
    macro = Macro(channels=2, shape=(2, side, side), steps=2, frames=frames)
    assert macro.end == (4, 4)
    x = torch.rand(1, *((2,) if frames else ()), 2, side, side)
    assert macro.network(AUTOSNN)(x).shape == (1, 10)
    assert sum(isinstance(each, nn.Conv2d) for each in macro.front().modules()) == front


def test_released_norms_have_statistics_of_each_step():
    def statistics(fabric):
        torch.manual_seed(0)
        net = Macro(channels=2, shape=(1, 8, 8), steps=3, layout=(1, "down"), fabric=fabric).network(("SCB3",))
        net(torch.rand(4, 1, 8, 8))
        return int(net.stage0[0][0].inner[1].num_batches_tracked)

    assert statistics(RELEASED) == 3 and statistics(Macro().fabric) == 1


def test_the_same_network_of_relus():
    net = Macro(channels=2, shape=(1, 8, 8), layout=(1, "down"), fabric=RELU).network(("SRB3",))
    assert net(torch.rand(4, 1, 8, 8)).shape == (4, 10)
    assert not any(isinstance(each, Membrane) for each in net.modules())


@pytest.mark.parametrize(
    ("do", "message"),
    [
        (lambda: Macro(shape=(1, 4, 4)), "images of 4×4"),
        (lambda: Macro().network(("skip",)), "1 blocks for 5 positions"),
        (lambda: Macro().stage(0, "SRB4"), "no block 'SRB4'"),
    ],
)
def test_refusals(do, message):
    with pytest.raises(InputError, match=message):
        do()
