"""Modules of snnTorch out; modules of snnTorch and SpikingJelly in: spike for spike."""

import pytest
import torch
from torch import nn

from exchanged import perceptron, resnet, spikes, vectors
from nets import converted, dyadic, inputs
from picojoule.base.errors import ConversionError, InputError, MissingExtra
from picojoule.codes import TTFS, Rate
from picojoule.engines import run
from picojoule.exchange import from_snntorch, from_spikingjelly, to_snntorch
from picojoule.exchange.snntorch_writing import module_keys
from picojoule.ir import Fire

pytestmark = pytest.mark.filterwarnings("ignore")  # of the other libraries

NETS = {
    "a residual network": (resnet, inputs(3)),
    "a residual network, analogue input": (lambda: resnet(input="analogue"), inputs(3)),
    "reset to zero": (perceptron, vectors()),
    "reset by subtraction": (lambda: perceptron("subtract", gain=1.5), vectors()),
    "no leak": (lambda: perceptron("subtract", leak=1.0), vectors()),
}


@pytest.mark.parametrize("name", NETS)
def test_modules_of_snntorch_give_the_same_spikes(name):
    pytest.importorskip("snntorch")
    make, x = NETS[name]
    network = dyadic(make(), dtype=torch.float32)  # sums are exact, so that their order does not matter
    x = (x * 16).round() / 16
    module = to_snntorch(network)
    with torch.no_grad():
        found = module.record(x)
        torch.testing.assert_close(module(x).mean(0), run(network, x).values)
    for fire in network.all(Fire):
        assert torch.equal(found[fire.name], spikes(network, x)[fire.layer]), fire.name


def test_a_module_of_snntorch_can_be_trained_on():
    pytest.importorskip("snntorch")
    module, x = to_snntorch(perceptron()), vectors()
    module(x).mean(0).square().sum().backward()
    assert all(
        each.grad is not None and each.grad.abs().sum() > 0 for each in module.parameters() if each.requires_grad
    )


def test_what_snntorch_cannot_express_is_said():
    pytest.importorskip("snntorch")
    with pytest.raises(ConversionError, match="maximum of spikes"):
        to_snntorch(converted(Rate(steps=8)))
    with pytest.raises(ConversionError, match="change in time"):
        to_snntorch(converted(TTFS(steps=8)))


def leaky(**options):
    snn = pytest.importorskip("snntorch")
    torch.manual_seed(4)
    net = nn.Sequential(
        nn.Linear(6, 12), snn.Leaky(init_hidden=True, **options), nn.Linear(12, 3),
        snn.Leaky(init_hidden=True, output=True, **{**options, "threshold": 0.5}),
    )  # fmt: skip
    net[0].weight.data.mul_(3 if options.get("reset_delay", True) else 1.5)  # it misses potentials of 2θ
    return net.eval()


@pytest.mark.parametrize("delay", [True, False])
@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("beta", [0.5, 0.875, 1.0])
def test_snntorch_modules_are_read(beta, reset, delay):
    net, x = leaky(beta=beta, reset_mechanism=reset, reset_delay=delay), vectors()
    network = from_snntorch(net, x, num_steps=10)
    snn = pytest.importorskip("snntorch")
    from snntorch import utils

    utils.reset(net)
    with torch.no_grad():
        expected = torch.stack([net(x)[0] for _ in range(10)])
    assert torch.equal(spikes(network, x)["2"], expected)
    assert expected.any() and snn


def test_a_neuron_of_snntorch_that_we_do_not_have_is_refused():
    snn = pytest.importorskip("snntorch")
    with pytest.raises(ConversionError, match="only Leaky"):
        from_snntorch(nn.Sequential(nn.Linear(6, 4), snn.Synaptic(0.5, 0.5, init_hidden=True)), vectors(), num_steps=3)
    with pytest.raises(ConversionError, match="init_hidden"):
        from_snntorch(nn.Sequential(nn.Linear(6, 4), snn.Leaky(beta=0.5)), vectors(), num_steps=3)
    with pytest.raises(ConversionError, match="reset none"):
        from_snntorch(leaky(beta=0.5, reset_mechanism="none"), vectors(), num_steps=3)


def jelly(mode, make):
    pytest.importorskip("spikingjelly")
    from spikingjelly.activation_based import functional, layer, neuron

    torch.manual_seed(6)
    net = nn.Sequential(
        layer.Conv2d(1, 4, 3, padding=1, bias=False), layer.BatchNorm2d(4), make(neuron), layer.AvgPool2d(2),
        layer.Conv2d(4, 6, 3, stride=2), make(neuron), layer.Flatten(), layer.Linear(54, 5), neuron.IFNode(),
    )  # fmt: skip
    for place in (0, 4, 7):
        net[place].weight.data.mul_(8)
    functional.set_step_mode(net, mode)
    net.train()
    net(inputs(8, 3).expand(2, 8, 1, 16, 16) if mode == "m" else inputs(8, 3))  # statistics of the batch norm
    functional.reset_net(net)
    return net.eval()


KINDS = {
    "IF, soft": lambda neuron: neuron.IFNode(v_reset=None),
    "IF, hard": lambda neuron: neuron.IFNode(v_threshold=0.75, v_reset=0.25),
    "LIF": lambda neuron: neuron.LIFNode(tau=2.0, v_threshold=0.5),
    "LIF, decay_input=False, soft": lambda neuron: neuron.LIFNode(tau=4.0, decay_input=False, v_reset=None),
    "PLIF": lambda neuron: neuron.ParametricLIFNode(init_tau=3.0, v_threshold=0.5),
}


@pytest.mark.parametrize("mode", ["s", "m"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_network_of_spikingjelly_gives_the_same_outputs(kind, mode):
    net, x = jelly(mode, KINDS[kind]), inputs(4)
    network = from_spikingjelly(net, x, T=8)
    with torch.no_grad():
        given = net(x.expand(8, *x.shape)) if mode == "m" else torch.stack([net(x) for _ in range(8)])
    torch.testing.assert_close(run(network, x).values, given.mean(0))
    layer = list(network.all(Fire))[-1].layer
    assert torch.equal(spikes(network, x)[layer], given) and given.any()
    assert mode == "m" or layer == "7", "layers have the names of the modules"


@pytest.mark.parametrize("mode", ["s", "m"])
def test_a_network_of_spikingjelly_on_frames(mode):
    net, x = jelly(mode, KINDS["IF, hard"]), inputs(8).unflatten(0, (2, 4)).gt(0.5).float()
    network = from_spikingjelly(net, x, T=4, frames=True)
    with torch.no_grad():
        x_t = x.transpose(0, 1)
        given = net(x_t) if mode == "m" else torch.stack([net(each) for each in x_t])
    torch.testing.assert_close(run(network, x).values, given.mean(0))


def test_a_neuron_of_spikingjelly_that_we_do_not_have_is_refused():
    with pytest.raises(ConversionError, match="read are IFNode"):
        from_spikingjelly(jelly("s", lambda neuron: neuron.QIFNode()), inputs(2), T=4)


def test_names_of_modules_are_apart():
    names = ["a.b", "a_b", "a-b", "0.conv"]
    keys = module_keys(names)
    assert keys["a_b"] == "a_b" and keys["0.conv"] == "0_conv"
    assert set(keys) == set(names) and len(set(keys.values())) == 4
    assert not any("." in key for key in keys.values())


def test_a_missing_library_is_said(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "snntorch", None)
    monkeypatch.setitem(sys.modules, "spikingjelly", None)
    monkeypatch.setitem(sys.modules, "spikingjelly.activation_based", None)
    with pytest.raises(MissingExtra, match="snntorch"):
        to_snntorch(perceptron())
    with pytest.raises(InputError, match="pip install spikingjelly"):
        from_spikingjelly(nn.Linear(2, 2), vectors(), T=2)
