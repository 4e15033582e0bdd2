"""Exact passes keep the function: folding, moving activations, putting scales into weights."""

import pytest
import torch
from torch import nn

from nets import inputs, small_cnn
from picojoule.base.errors import ConversionError
from picojoule.codes import TTFS, Rate
from picojoule.conversion import convert, trace
from picojoule.conversion.check import exactly
from picojoule.conversion.fold import fold
from picojoule.conversion.normalise import normalise
from picojoule.conversion.standardise import standardise
from picojoule.engines import run
from picojoule.ir import Affine, Network, ReLU, WeightLayer
from picojoule.ir.dense import evaluate_all


def dense(network: Network, x: torch.Tensor) -> torch.Tensor:
    return evaluate_all(network.nodes, x.double())[network.output.name]


def double(*layers: nn.Module) -> nn.Module:
    """A network in float64 whose norms have seen data and have parameters of their own."""
    torch.manual_seed(0)
    model = nn.Sequential(*layers).double()
    model(inputs(16).double())
    for norm in (each for each in model if isinstance(each, nn.BatchNorm2d) and each.affine):
        nn.init.uniform_(norm.weight, -1, 2)
        nn.init.uniform_(norm.bias, -1, 1)
    return model.eval()


NORMS = {
    "plain": nn.BatchNorm2d(4),
    "not affine": nn.BatchNorm2d(4, affine=False),
    "large eps": nn.BatchNorm2d(4, eps=0.5),
    "two": nn.Sequential(nn.BatchNorm2d(4), nn.BatchNorm2d(4, eps=0.1)),
}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
def test_fold_is_exact(norm, groups, bias):
    model = double(
        nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 4, 3, groups=groups, bias=bias), norm, nn.ReLU(), nn.Flatten()
    )
    traced = trace(model, inputs(1))
    folded = fold(traced)
    x = inputs(6, 5)
    torch.testing.assert_close(dense(folded, x), model(x.double()).detach())
    assert any(traced.all(Affine)) and not any(folded.all(Affine))
    assert all(layer.has_bias for layer in folded.all(WeightLayer))


def test_fold_says_where_the_norm_went():
    network = fold(trace(small_cnn(), inputs(1)))
    assert [(fate.node, fate.became) for fate in network.conversion.fates if fate.by == "fold"] == [("1", "part of 0")]


BODIES = {
    "grouped": lambda: small_cnn().double(),
    "depthwise": lambda: double(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 3, groups=4), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3)
    ),
    "pools in front": lambda: double(
        *(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.AvgPool2d(2), nn.ReLU()),
        *(nn.Flatten(), nn.LazyLinear(3)),
    ),
    "relu at the end": lambda: double(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.ReLU()),
    "pooled relu at the end": lambda: double(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    ),
}


def scales(network: Network, seed: int = 0) -> dict[str, torch.Tensor]:
    """Any positive scales, per channel; one for the input."""
    generator = torch.Generator().manual_seed(seed)
    found = {r.name: 0.1 + 5 * torch.rand(r.shape[0], generator=generator).double() for r in network.all(ReLU)}
    return {**found, "input": torch.full((network.input.shape[0],), 3.5)}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("per", ["channel", "layer"])
def test_normalise_is_exact(body, per):
    """For any scales whatever, so for those of any calibration."""
    model = body()
    network = standardise(fold(trace(model, inputs(1))))
    chosen = scales(network)
    if per == "layer":
        chosen = {name: each.max().expand(len(each)) for name, each in chosen.items()}
    x = inputs(6, 5)
    normal = normalise(network, chosen)
    torch.testing.assert_close(dense(normal, x), model(x.double()).detach())
    for relu in network.all(ReLU):
        before, after = (evaluate_all(net.nodes, x.double())[relu.name] for net in (network, normal))
        shape = (-1, *[1] * (before.dim() - 2))
        torch.testing.assert_close(after * chosen[relu.name].reshape(shape), before)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("code", [Rate(steps=256), TTFS(steps=600)], ids=repr)
def test_converted_body_approaches_the_model_in_every_engine(body, code):
    model = body().float()
    x = inputs(4, 5)
    network = convert(model, x, code=code, percentile=100)
    expected = model(x).detach()
    for engine in ("auto", "stepped"):
        values = run(network, x, engine=engine, count=False).values
        assert (values - expected).abs().max() < 0.06 * expected.abs().max(), engine


def test_standardise_leaves_other_networks_alone():
    network = fold(trace(small_cnn(), inputs(1)))
    assert standardise(network) is network


def test_a_pass_that_changes_the_function_is_caught():
    """The broken twin: every output a little larger."""
    network = fold(trace(small_cnn(), inputs(1)))

    def wrong(net: Network) -> Network:
        return normalise(net, {**scales(net), "0": torch.ones(1)}).evolve(fold(trace(small_cnn(1), inputs(1))).nodes)

    with pytest.raises(ConversionError, match=r"pass wrong: the outputs changed by"):
        exactly(wrong, network, inputs(2))
    assert exactly(fold, network, inputs(2)).name == network.name
