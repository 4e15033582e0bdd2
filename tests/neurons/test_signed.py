"""Neurons that fire both ways: their rate is a leaky ReLU, and their gradient is that of the plain form."""

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.neurons import Signed, scan, spike

STEPS = 256


@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0])
def test_the_rate_is_a_leaky_relu(alpha):
    """Within one spike in T steps, on both sides."""
    z = torch.linspace(-1, 1, 201)
    rate = Signed(alpha)(z.expand(STEPS, -1)).mean(0)
    expected = torch.where(z >= 0, z, alpha * z)
    assert ((rate - expected).abs() <= 1 / STEPS + 1e-5).all()


def test_thresholds_by_hand():
    x = torch.tensor([1.5, -2.6, -1.0, 0.2, 3.0])[:, None]
    found = Signed(alpha=0.5).run(x)
    # v: 1.5 → 0.5;  −2.1 → −0.1;  −1.1;  −0.9;  2.1 → 1.1
    assert found.spikes.flatten().tolist() == [1, -1, 0, 0, 1]
    assert found.v.item() == pytest.approx(1.1)
    assert torch.equal(Signed(alpha=0.5, reset="zero").run(x).v, torch.tensor([0.0]))


@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("leak", [1.0, 0.75])
def test_as_a_value_it_fires_the_same(leak, reset):
    torch.manual_seed(0)
    x = (torch.randn(40, 30) * 32).round() / 16
    module = Signed(0.5, leak=leak, reset=reset)
    (spikes, v), found = scan(module.neuron(40), x), module.run(x)
    assert torch.equal(spikes.float(), found.spikes) and torch.equal(v, found.v)
    assert {-1, 0, 1} == set(spikes.unique().tolist())


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_double_precision_has_the_same_gradient(reset):
    torch.manual_seed(0)
    x = torch.randn(12, 40) * 2
    gradients = []
    for each in (x, x.double()):
        leaf = each.clone().requires_grad_()
        spike(leaf, leak=0.9, reset=reset, low=1.5).spikes.square().sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(gradients[0].double(), gradients[1], rtol=1e-4, atol=1e-4)


def test_it_says_what_it_is_and_what_it_is_not():
    neuron = Signed(0.1, threshold=0.5)
    assert "low=5" in repr(neuron)
    for options, what in (({"alpha": 0}, "the slope is 0"), ({"leak": 2}, "the leak is 2")):
        with pytest.raises(InputError, match=f"Signed: {what}.*Remedy"):
            Signed(**options)
    with pytest.raises(InputError, match=r"spike: the threshold is -1.*Remedy"):
        spike(torch.rand(2, 2), low=-1)
