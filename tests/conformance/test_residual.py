"""Branches that meet: the sum is exact in the ANN, and every engine adds the same events."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nets import dyadic, inputs
from picojoule.base.errors import ConversionError
from picojoule.codes import TTFS, Phase, Rate
from picojoule.conversion import convert, trace
from picojoule.conversion.fold import fold
from picojoule.engines import run
from picojoule.engines.relays import relays
from picojoule.ir import Add, Conv, Fire, WeightLayer
from picojoule.noise import Noise
from suite import check_engines_agree


class Block(nn.Module):
    """A basic block in the three ways people write the sum."""

    def __init__(self, channels, outputs, stride, way):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        same = stride == 1 and channels == outputs
        self.shortcut = nn.Identity() if same else nn.Conv2d(channels, outputs, 1, stride)
        self.way = way

    def forward(self, x):
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.way == "iadd":
            out += self.shortcut(x)
        elif self.way == "torch.add":
            out = torch.add(self.shortcut(x), out)
        else:
            out = out + self.shortcut(x)
        return F.relu(out)


def residual(way="+"):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(),
        Block(4, 4, 1, way), Block(4, 6, 2, way), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3),
    )  # fmt: skip
    net(inputs(32, 1, shape=(2, 8, 8)))
    return net.eval()


X = inputs(5, shape=(2, 8, 8))


@pytest.mark.parametrize("way", ["+", "iadd", "torch.add"])
def test_the_ann_is_the_model(way):
    model = residual(way)
    for network in (trace(model, X), fold(trace(model, X))):
        done = run(network, X)
        torch.testing.assert_close(done.values, model(X))
        assert len(list(network.all(Add))) == 2
    sums = sum(add.size for add in network.all(Add)) * len(X)
    biases = sum(layer.size for layer in network.all(WeightLayer) if layer.has_bias) * len(X)
    assert done.counts.total("bias_adds") == biases + sums


@pytest.mark.parametrize("code", [Rate(steps=16), Phase(steps=16)], ids=repr)
@pytest.mark.parametrize("source", ["coded", "analogue"])
def test_engines_agree(code, source):
    network = convert(residual(), X, code=code, percentile=100, input=source)
    check_engines_agree(dyadic(network, dtype=torch.float32), (X * 16).round() / 16, exactly=False)
    check_engines_agree(network.to("cpu", "float64"), X.double(), exactly=False)


def test_an_identity_branch_becomes_synapses_that_bring_its_scale():
    network = convert(residual(), X, code=Rate(steps=16), percentile=100)
    (shortcut,) = [node for node in network.all(Conv) if node.groups == 4]
    (layer,) = [each for each in run(network, X).counts.layers if each.name == shortcut.name]
    assert layer.synops == layer.events_in > 0 and layer.weights == 4 and layer.bias_adds == 0


def test_more_steps_come_closer():
    model = residual().requires_grad_(False)
    errors = []
    for steps in (16, 64, 256):
        values = run(convert(model, X, code=Rate(steps=steps), percentile=100), X).values
        errors.append(float((values - model(X)).abs().mean()))
    assert errors[0] > errors[1] > errors[2] and errors[2] < 0.05 * float(model(X).abs().mean())


class Own(nn.Module):
    """The input itself is one of the branches; a sum of three."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 1)
        self.head = nn.Linear(128, 3)

    def forward(self, x):
        return self.head(F.relu(self.a(x) + x + self.b(x)).flatten(1))


@pytest.mark.parametrize("code", [Rate(steps=16), TTFS(steps=16)], ids=repr)
@pytest.mark.parametrize("source", ["coded", "analogue"])
def test_the_input_as_a_branch(code, source):
    torch.manual_seed(0)
    model = Own()
    torch.testing.assert_close(run(trace(model, X), X).values, model(X))
    network = dyadic(convert(model, X, code=code, percentile=100, input=source), dtype=torch.float32)
    check_engines_agree(network, (X * 16).round() / 16, exactly=False)


@pytest.mark.parametrize("code", [TTFS(steps=16), TTFS(steps=16, start=6), TTFS.nearest(steps=12, tau=2)], ids=repr)
def test_relays_bring_branches_together(code):
    """A relay sends what it took in, exactly, one window later, for one spike of each neuron that fired."""
    network = convert(residual(), X, code=code, percentile=100)
    check_engines_agree(network.to("cpu", "float64"), X.double(), exactly=False)
    relays = [fire for fire in network.all(Fire) if ".relay" in fire.name]
    assert [fire.name for fire in relays] == ["2.relay1", "relu.relay1"]  # identity, and in front of the 1×1 shortcut
    done = run(network, X, record=[fire.layer for fire in network.all(Fire)], engine="stepped")
    layers = {layer.name: layer for layer in done.counts.layers}
    for relay, origin in zip(relays, ("0", "3.conv2"), strict=True):
        sent = done.trains[relay.layer].first_times().first
        assert torch.equal(sent, done.trains[origin].first_times().first)
        assert layers[relay.layer].spikes == layers[relay.layer].synops == layers[origin].spikes > 0


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float64"])
def test_a_relay_that_sends_what_it_gets_is_not_worked_out_and_changes_nothing(dtype):
    network = convert(residual(), X, code=TTFS(steps=16), percentile=100).to("cpu", dtype)
    layers = [fire.layer for fire in network.all(Fire)]
    x = X.to(getattr(torch, dtype))
    counting = run(network, x, record=layers, engine="closed")
    plain, alone = run(network, x, record=layers, engine="closed", count=False), run(network, x, count=False)
    assert torch.equal(plain.values, counting.values) and torch.equal(alone.values, counting.values)
    for layer in layers:
        assert torch.equal(plain.trains[layer].first, counting.trains[layer].first)
    assert dtype != "float32" or relays(network) == {"2.relay1": "2", "relu.relay1": "relu"}
    stronger = [
        replace(node, weight=2 * node.weight) if node.name == "2.relay1.synapses" else node for node in network.nodes
    ]
    assert "2.relay1" not in relays(network.evolve(stronger))
    assert not relays(replace(network, noise=Noise(deletion=0.1)))


def test_windows_that_never_meet_are_refused():
    codes = {
        "2": TTFS(steps=8),
        "3.relu": TTFS(steps=12),
        "relu": TTFS(steps=8),
        "4.relu": TTFS(steps=8),
        "relu_1": TTFS(steps=8),
    }
    with pytest.raises(ConversionError, match="different windows") as caught:
        convert(residual(), X, code=codes, percentile=100)
    assert "rate" in caught.value.remedy
