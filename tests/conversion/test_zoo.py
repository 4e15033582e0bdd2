"""The networks people have: every exact pass keeps their function, and every engine runs what they become."""

import os

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import zoo
from picojoule.base.errors import ConversionError
from picojoule.codes import TTFS, Phase, Rate
from picojoule.conversion import convert, quantise, trace
from picojoule.conversion.fold import fold
from picojoule.conversion.standardise import standardise
from picojoule.engines import run
from picojoule.ir import Affine, Fire, Network, ReLU
from picojoule.ir.dense import evaluate_all
from suite import check_engines_agree
from zoo import ZOO, pictures, row

X, MORE = pictures(3, 9), pictures(32, 1)


def outputs(network: Network, x: torch.Tensor) -> torch.Tensor:
    return evaluate_all(network.nodes, x)[network.output.name].flatten(1)


def close(got, expected, relative):
    assert (got - expected).abs().max() <= relative * expected.abs().max()


@pytest.mark.parametrize("name", ZOO)
def test_exact_passes_keep_the_function(name):
    model = zoo.trained(name)
    with torch.no_grad():
        expected = row(model(X))
    traced = trace(model, X)
    folded = fold(traced)
    for network in (traced, folded, standardise(folded)):
        close(outputs(network, X), expected, 2e-6)
    assert not any(folded.all(Affine))
    close(row(run(traced, X).values), expected, 2e-6)


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("code", [Rate(steps=12), TTFS(steps=10)], ids=repr)
def test_engines_agree(name, code):
    model = zoo.trained(name).double()
    network = convert(model, MORE.double(), code=code, percentile=100)
    check_engines_agree(network, X.double(), exactly=False)


@pytest.mark.parametrize("name", ZOO)
def test_spikes_approach_the_model(name):
    model = zoo.trained(name)
    with torch.no_grad():
        expected = row(model(X))
    for code in (Rate(steps=128), TTFS(steps=400)):
        network = convert(model, MORE, code=code, percentile=100)
        close(row(run(network, X, count=False).values), expected, 0.06)
    close(row(run(quantise(model, MORE), X).values), expected, 0.05)


def test_outputs_come_as_the_model_gives_them():
    for name in ("two heads", "dict of heads"):
        model = zoo.trained(name)
        with torch.no_grad():
            expected = model(X)
        for network in (trace(model, X), convert(model, MORE, code=TTFS(steps=200))):
            values = run(network, X).values
            assert type(values) is type(expected)
            keys = expected.keys() if isinstance(expected, dict) else range(len(expected))
            assert all(values[key].shape == expected[key].shape for key in keys)


def test_an_exported_program_is_taken_as_it_is():
    model = zoo.trained("resnet")
    program = torch.export.export(model, (X[:2],))
    network = trace(program, X)
    close(outputs(network, X), row(model(X)).detach(), 2e-6)
    assert "layer1.0.conv1" in network.by_name


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_becomes_single(dtype):
    model = zoo.trained("resnet").to(dtype)
    network = trace(model, X)
    close(outputs(network, X), row(model.float()(X)).detach(), 2e-6)


class InPlace(nn.Module):
    """What is changed in place is read again."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3, 2), nn.Linear(4, 3)

    def forward(self, x):
        x = self.conv(x)
        y = x.relu_()
        x += 1
        return self.fc((x + y).mean((2, 3)))


def test_changes_in_place_are_seen_by_what_reads_them():
    torch.manual_seed(0)
    model = InPlace().eval()
    close(outputs(trace(model, X), X), model(X).detach(), 2e-6)


class ValueDependent(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return F.relu(self.conv(x)) if x.mean() > 0.5 else self.conv(x)


FAILS = {
    "control flow on values": (ValueDependent, "cannot be traced"),
    "attention": (zoo.ViT, "the operation LayerNorm has no counterpart"),
    "squeeze and excite": (
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sigmoid()),
        "cannot compute sigmoid: they compute no function but a rectifier",
    ),
    "swish": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.SiLU()), "cannot compute silu"),
    "three dimensions": (lambda: nn.Sequential(nn.Unflatten(1, (1, 3)), nn.Conv3d(1, 2, (1, 3, 3))), "Conv3d"),
}


@pytest.mark.parametrize(("model", "message"), FAILS.values(), ids=FAILS)
def test_what_must_fail_fails_with_its_reason(model, message):
    with pytest.raises(ConversionError, match=message) as caught:
        convert(model().eval(), X, code=Rate(steps=8))
    assert caught.value.remedy


def test_signed_neurons_carry_what_is_below_zero():
    """Both variants of the leaky neuron, beside the ANN, and the identity neurons of a linear bottleneck."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, 2), nn.LeakyReLU(0.1), nn.Conv2d(6, 6, 3), nn.MaxPool2d(2), nn.LeakyReLU(0.1),
        nn.Flatten(), nn.LazyLinear(4),
    ).eval()  # fmt: skip
    model(X)
    spikes = {}
    for weighted in (False, True):
        network = convert(model, MORE, code=Rate(steps=256, weighted=weighted), percentile=100)
        assert {fire.code.slope for fire in network.all(Fire) if fire.layer != "input"} == {0.1}
        done = run(network, X)
        close(done.values, model(X).detach(), 0.05)
        spikes[weighted] = done.counts.hidden_spikes
        check_engines_agree(network.to("cpu", "float64"), X.double(), exactly=False)
    assert spikes[True] > 1.1 * spikes[False]  # weighted: more spikes below zero
    corrected = convert(model, MORE, code=Rate(steps=256, corrected=True), percentile=100)
    assert run(corrected, X).counts.hidden_spikes == spikes[False]  # leaky neurons stay what they are
    with pytest.raises(ConversionError, match="cannot compute leaky ReLU"):
        convert(model, MORE, code=Phase())


def test_a_thousand_layers():
    """Neither recursion nor quadratic time stands in the way of a deep network."""
    torch.manual_seed(0)
    layers = [layer for _ in range(500) for layer in (nn.Linear(4, 4), nn.ReLU())]
    model = nn.Sequential(*layers, nn.Linear(4, 2)).eval()
    network = convert(model, torch.rand(4, 4), code=TTFS(steps=4))
    assert len(list(network.all(Fire))) == 501
    assert len(list(trace(model, torch.rand(1, 4)).all(ReLU))) == 500
    assert run(network, torch.rand(2, 4)).counts.steps == 4 * 501


DATA = os.environ.get("PICOJOULE_DATA")
real = pytest.mark.skipif(not DATA, reason="needs $PICOJOULE_DATA")


@real
@pytest.mark.parametrize(
    ("model", "standardised", "ann", "ttfs"), [(zoo.resnet20, True, 0.915, 0.912), (zoo.resnet8, False, 0.881, 0.878)]
)
def test_real_residual_networks(model, standardised, ann, ttfs):
    """1,000 lossless CIFAR-10 test pictures, calibrated on training pictures, nothing trained."""
    train, test, labels = zoo.cifar(DATA, standardised)
    network = model(DATA)
    with torch.no_grad():
        assert (network(test).argmax(1) == labels).float().mean().item() == pytest.approx(ann, abs=1e-6)
    spiking = convert(network, train[:500], code=TTFS(steps=80), percentile=99.999, input="analogue")
    values = torch.cat([run(spiking, x, count=False).values for x in test.split(100)])
    assert (values.argmax(1) == labels).float().mean() >= ttfs
