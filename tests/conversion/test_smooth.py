"""Networks with smooth activations under few-spikes coding: fitted layer by layer, every engine the oracle's equal."""

import os

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import zoo
from picojoule import Network
from picojoule.base.errors import ConversionError, InputError
from picojoule.codes import FewSpikes, Rate
from picojoule.codes.few_spikes import FUNCTIONS
from picojoule.conversion import convert, quantise, trace
from picojoule.conversion.densities import densities
from picojoule.diagnosis import diagnose
from picojoule.engines import run
from picojoule.ir import Activation, Fire, Island
from picojoule.ir.file import load, save
from picojoule.models.vision import VisionTransformer
from suite import check_engines_agree

X, MORE = torch.rand(43, 1, 12, 12, generator=torch.Generator().manual_seed(0)).split([3, 40])


class Net(nn.Module):
    """A residual branch, two readers of one sum, a mean, and a ReLU beside the smooth function."""

    def __init__(self, act):
        super().__init__()
        self.conv1, self.conv2, self.norm = nn.Conv2d(1, 5, 3), nn.Conv2d(5, 5, 3, padding=1), nn.BatchNorm2d(5)
        self.act, self.head = act, nn.Linear(5, 4)

    def forward(self, x):
        x = self.act(self.conv1(x))
        branch = self.norm(self.conv2(x))
        x = x + self.act(branch) + F.relu(branch)
        return self.head(self.act(x).mean((2, 3)))


class Pooled(nn.Sequential):
    """Maxima in front of and behind the function, and a shuffle."""

    def __init__(self, act):
        super().__init__(
            nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), act, nn.PixelShuffle(2), nn.Conv2d(1, 3, 3), act, nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(48, 4),
        )  # fmt: skip


ACTS = {
    "silu": nn.SiLU, "gelu": nn.GELU, "gelu tanh": lambda: nn.GELU(approximate="tanh"), "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh, "softplus": nn.Softplus, "mish": nn.Mish, "hardswish": nn.Hardswish,
}  # fmt: skip


def made(kind, act) -> nn.Module:
    torch.manual_seed(0)
    return kind(ACTS[act]()).double().eval()


def error(network: Network, model: nn.Module) -> float:
    expected = model(X.double()).detach()
    return float((run(network, X.double(), count=False).values - expected).norm() / expected.norm())


def test_every_function_is_traced():
    assert set(ACTS) == set(FUNCTIONS)
    for act in ACTS:
        traced = trace(made(Net, act), X.double())
        assert {node.function for node in traced.all(Activation)} == {act}
        torch.testing.assert_close(run(traced, X.double()).values, made(Net, act)(X.double()).detach())


@pytest.mark.parametrize(("act", "source"), [("silu", "coded"), ("sigmoid", "analogue")])
def test_engines_agree(act, source):
    model = made(Net, act)
    network = convert(model, MORE.double(), code=FewSpikes(steps=8), input=source)
    check_engines_agree(network, X.double(), exactly=False)
    assert error(network, model) < 0.06


def test_a_maximum_pool_is_left_to_the_oracle():
    model = made(Pooled, "silu")
    network = convert(model, MORE.double(), code=FewSpikes(steps=8), input="analogue")
    assert run(network, X.double()).plan.startswith("stepped")
    assert error(network, model) < 0.06


def test_more_steps_are_nearer():
    model = made(Net, "gelu")
    errors = [error(convert(model, MORE.double(), code=FewSpikes(steps=steps)), model) for steps in (3, 10)]
    assert errors[0] > 3 * errors[1]


def test_a_spike_that_costs_is_saved():
    model = made(Net, "silu")
    spikes = [
        run(convert(model, MORE.double(), code=FewSpikes(spike_weight=weight)), X.double()).counts.hidden_spikes
        for weight in (0.0, 0.01)
    ]
    assert spikes[1] < 0.8 * spikes[0]


def test_density_is_what_the_layer_sees():
    network = trace(made(Net, "tanh"), X.double())
    node = next(network.all(Activation))
    found = densities(network, [MORE.double()])[node.name]
    drive = made(Net, "tanh").conv1(MORE.double()).detach()
    assert sum(found.counts) == drive.numel()
    assert found.low < drive.min() and drive.max() < found.high
    counts = torch.histc(drive, len(found.counts), found.low, found.high)
    assert (counts - torch.tensor(found.counts)).abs().sum() < 0.2 * counts.sum()  # bins are 0.8 % wide


def test_transformers_on_spikes(tmp_path):
    torch.manual_seed(0)
    model = VisionTransformer(size=12, width=8, depth=2, heads=2, classes=4).double().eval()
    network = convert(model, MORE.double(), code=FewSpikes(steps=10), islands="coded")
    assert not [layer for layer in network.analogue if layer.endswith(("query", "mix", "up", "down", "head"))]
    told = dict(network.conversion.choices)["analogue islands"]
    assert "5 LayerNorm" in told and "2 scaled_dot_product_attention" in told
    check_engines_agree(network, X.double(), exactly=False)
    assert error(network, model) < 0.05
    population = [fire for fire in network.all(Fire) if "query" in fire.name or "key" in fire.name]
    assert len(population) == 2  # of query, key and value together one a block
    current = convert(model, MORE.double(), code=FewSpikes(steps=10), islands=True)
    assert "blocks.0.up" in current.analogue and len(list(current.all(Fire))) < len(list(network.all(Fire)))


def test_other_codes_leave_it_or_refuse():
    model = made(Net, "mish")
    with pytest.raises(ConversionError, match="few-spikes") as caught:
        convert(model, MORE.double(), code=Rate())
    assert "cannot compute mish" in str(caught.value)
    left = convert(model, MORE.double(), code=Rate(steps=64), islands=True)
    assert {island.operation for island in left.all(Island)} >= {"mish"}


def test_quantised_and_saved(tmp_path):
    model = made(Net, "hardswish")
    assert error(quantise(model, MORE.double(), bits=8), model) < 0.05
    network = convert(model, MORE.double(), code=FewSpikes(steps=6))
    again = load(save(network, tmp_path / "net.safetensors"))
    assert torch.equal(run(again, X.double()).values, run(network, X.double()).values)
    with pytest.raises(InputError):
        convert(model, MORE.double(), code=FewSpikes(steps=6), islands="sometimes")


def test_diagnosis_names_the_coarse_layer():
    model = made(Net, "silu")
    network = convert(model, MORE.double(), code=FewSpikes(steps=3))
    assert str(diagnose(model, network, MORE.double()))


DATA = os.environ.get("PICOJOULE_DATA")


@pytest.mark.skipif(not DATA, reason="needs $PICOJOULE_DATA")
def test_resnet20_keeps_its_accuracy():
    """K = 8, 200 lossless CIFAR-10 test pictures; benchmarks/residual_cifar10.py has all 1,000."""
    train, test, labels = zoo.cifar(DATA, True)
    model = zoo.resnet20(DATA)
    network = convert(model, train[:200], code=FewSpikes(steps=8), percentile=100, input="analogue")
    right = [(run(each, test[:200], count=False).values.argmax(1) == labels[:200]).float().mean()
             for each in (trace(model, test[:1]), network)]  # fmt: skip
    assert right[1] >= right[0] - 0.01
