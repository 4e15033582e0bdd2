"""convert and quantise as a user has them: the ANN's outputs in the limit, errors that fall as declared."""

import numpy as np
import pytest
import torch
from torch import nn

from nets import inputs, small_cnn
from picojoule.codes import TTFS, Phase, Rate
from picojoule.conversion import convert, quantise, trace
from picojoule.conversion.fold import fold
from picojoule.engines import run
from picojoule.ir import Fire, Linear, Quantise, WeightLayer
from picojoule.ir.dense import evaluate

X = inputs(32, 3)


def error(network, model, x=X) -> float:
    """Largest difference of outputs, relative to the ANN's largest."""
    expected = model(x).detach()
    return float((run(network, x, count=False).values - expected).abs().max() / expected.abs().max())


LIMITS = {
    "rate": Rate(steps=512),
    "phase": Phase(steps=192, period=16),
    "ttfs": TTFS(steps=1000),
    "ttfs nearest": TTFS.nearest(steps=500),
}


@pytest.mark.parametrize("norm", ["channel", "layer"])
@pytest.mark.parametrize("source", ["coded", "analogue"])
@pytest.mark.parametrize("code", LIMITS.values(), ids=LIMITS)
def test_outputs_are_the_anns_at_many_steps(code, source, norm):
    model = small_cnn()
    assert error(convert(model, X, code=code, percentile=100, input=source, norm=norm), model) < 0.02


def test_error_of_rate_falls_with_more_steps():
    """The error law of the code, through a whole network: at least as 1/T^0.8."""
    model, steps = small_cnn(), [8, 16, 32, 64, 128, 256]
    errors = [error(convert(model, X, code=Rate(steps=each), percentile=100), model) for each in steps]
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert -1.3 < slope < -0.8 and errors[-1] < errors[0] / 10


def test_error_of_ttfs_falls_with_more_steps():
    model = small_cnn()
    errors = [error(convert(model, X, code=TTFS(steps=each), percentile=100), model) for each in (50, 200, 800)]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


@pytest.mark.parametrize("code", [Rate(steps=512), TTFS(steps=1000), Phase(steps=256, period=16)], ids=repr)
def test_inputs_of_0_to_255(code):
    """A coded input carries its own scale; the user's pixels need no change."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3)).eval()
    x = (X * 255).round()
    model(x)
    network = convert(model, x, code=code, percentile=100)
    assert network.input.scale == float(x.max())
    assert dict(network.conversion.choices)["input"] == f"coded, 1 stands for {float(x.max()):g}"
    assert error(network, model, x) < 0.02


def test_input_is_analogue_where_it_is_negative():
    model = small_cnn()
    network = convert(model, X - 0.5, code=TTFS(steps=1000), percentile=100)
    assert dict(network.conversion.choices)["input"] == "analogue"
    assert [fire.layer for fire in network.all(Fire)] == ["0", "4"]
    assert error(network, model, X - 0.5) < 0.02


def test_one_dimensional_network():
    torch.manual_seed(0)
    x = inputs(8, shape=(2, 20))
    layers = (
        nn.Conv1d(2, 4, 3),
        nn.BatchNorm1d(4),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Conv1d(4, 4, 3, groups=2),
        nn.ReLU(),
    )
    model = nn.Sequential(*layers, nn.AvgPool1d(2), nn.Flatten(), nn.LazyLinear(3))
    model(x)
    model.eval()
    for code in (TTFS(steps=1000), Rate(steps=512)):
        network = convert(model, x, code=code, percentile=100)
        assert error(network, model, x) < 0.02
        assert run(network, x[:2], engine="stepped").counts == run(network, x[:2]).counts


def test_perceptron():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3)).eval()
    x = inputs(8, shape=(10,))
    assert error(convert(model, x, code=Rate(steps=1024), percentile=100), model, x) < 0.02


def test_ttfs_windows_of_two_lengths_meet():
    """Codes that wait open a window of their own, however long the one before was."""
    model = small_cnn()
    network = convert(model, X, code={"input": TTFS(steps=40), "2": TTFS(steps=60), "5": TTFS(steps=80)})
    assert network.name == "hybrid"
    closed, stepped = (run(network, X[:4], engine=engine) for engine in ("closed", "stepped"))
    torch.testing.assert_close(closed.values, stepped.values, rtol=1e-4, atol=1e-5)
    assert closed.counts == stepped.counts and closed.counts.steps == 40 + 60 + 80


def test_codes_by_layer_that_are_alike_are_named_once():
    network = convert(small_cnn(), X, code={"input": Rate(steps=4), "2": Rate(steps=4), "5": Rate(steps=4)})
    assert network.name == "rate T=4"


def test_neurons_of_one_rate_with_two_starts_meet():
    codes = {"2": Rate(steps=512, initial=0.0), "5": Rate(steps=512)}
    assert error(convert(small_cnn(), X, code=codes, percentile=100), small_cnn()) < 0.03


def test_one_percentile_of_the_activations_is_cut_off():
    model = small_cnn()
    networks = [convert(model, X, code=Rate(steps=4), percentile=p, norm="layer") for p in (99, 100)]
    for cut, whole in zip(*(network.all(Fire) for network in networks), strict=True):
        assert cut.layer == "input" or bool((cut.scale < whole.scale).all())


def test_conversion_from_a_traced_network_is_the_same():
    model = small_cnn()
    a, b = (convert(each, X, code=TTFS(steps=40)) for each in (model, trace(model, X)))
    assert torch.equal(run(a, X).values, run(b, X).values) and str(a.conversion) == str(b.conversion)


def test_the_history_says_what_became_of_every_node():
    text = str(convert(small_cnn(), X, code=TTFS(steps=40)).conversion)
    for line in ("code: ttfs T=40", "norm: channel", "percentile: 99.9", "part of 0", "ttfs T=40 neurons of 4"):
        assert line in text


# --- the quantised rival ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_weights_and_values_stand_on_a_grid(bits):
    network = quantise(small_cnn(), X, bits=bits)
    for layer in network.all(WeightLayer):
        for row in layer.weight.flatten(1):
            assert len(row.unique()) <= 2**bits - 1, "symmetric: one value fewer than 2^bits"
        assert layer.bits == bits
    for grid in network.all(Quantise):
        values = torch.linspace(-1, 100, 5000)
        assert len(evaluate(grid, values).unique()) <= 2**grid.bits
        assert grid.bits == (8 if grid.name.startswith("input") else bits)
    assert network.name == f"ann int{bits}" and network.precision == f"int{bits}"


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_weights_that_are_on_the_whole_grid_stay(bits):
    largest = 2 ** (bits - 1) - 1
    weight = torch.arange(-largest, largest + 1.0)[None] / 8
    layer = nn.Linear(weight.shape[1], 1)
    layer.weight = nn.Parameter(weight)
    network = quantise(nn.Sequential(layer).eval(), torch.rand(9, weight.shape[1]), bits=bits)
    assert torch.equal(next(network.all(Linear)).weight, weight)


def test_a_signed_input_gets_a_signed_grid():
    network = quantise(small_cnn(), X - 0.5, bits=8)
    grid = next(network.all(Quantise))
    assert grid.signed and error(network, small_cnn(), X - 0.5) < 0.05


def test_more_bits_are_nearer():
    model = small_cnn()
    errors = [error(quantise(model, X, bits=bits), model) for bits in (2, 3, 4, 6, 8)]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 0.02 < errors[0]


def test_sixteen_bits_are_nearly_floats():
    """All but the input, which keeps eight bits."""
    model = small_cnn()
    x = (X * 255).round() / 255
    assert error(quantise(model, x, bits=16), model, x) < 2e-3


@pytest.mark.parametrize("code", [Rate(steps=64), TTFS(steps=80)], ids=repr)
def test_few_bit_weights_of_a_spiking_network(code):
    fine, coarse = (convert(small_cnn(), X, code=code, weight_bits=bits) for bits in (8, 32))
    assert fine.name == f"{coarse.name} int8" and fine.precision == "int8"
    for layer in fine.all(WeightLayer):
        assert all(len(row.unique()) <= 255 for row in layer.weight.flatten(1))
    values = [run(network, X, count=False).values for network in (fine, coarse)]
    assert (values[0] - values[1]).abs().max() < 0.05 * values[1].abs().max()


def test_quantising_leaves_the_network_it_was_given():
    network = fold(trace(small_cnn(), X))
    before = [layer.weight.clone() for layer in network.all(WeightLayer)]
    quantise(network, X, bits=4)
    assert all(torch.equal(layer.weight, old) for layer, old in zip(network.all(WeightLayer), before, strict=True))
