"""What cannot be converted is an error that names the node, the user's line and the remedy; never half a network."""

import inspect
import re
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nets import inputs, small_cnn
from picojoule.base.errors import ConversionError, PicojouleError
from picojoule.codes import TTFS, Phase, Rate
from picojoule.conversion import convert, quantise, trace
from picojoule.engines import run

VECTORS = torch.rand(4, 6, generator=torch.Generator().manual_seed(0))


class Sine(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, x):
        return torch.sin(self.fc(x))  # here


class Product(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, x):
        y = self.fc(x).relu()
        return y * x  # here


class Smooth(nn.Module):
    def __init__(self):
        super().__init__()
        self.smooth = nn.ELU()

    def forward(self, x):
        return self.smooth(x)  # here


class AlwaysDropout(nn.Module):
    def forward(self, x):
        return F.dropout(x, 0.5)  # here


class Reshaped(nn.Module):
    def forward(self, x):
        return x.reshape(-1, 2)  # here


class Rolled(nn.Module):
    def forward(self, x):
        return x.roll(1, 0)  # here


class Padded(nn.Module):
    def forward(self, x):
        return F.pad(x, (1, 1), value=0.5)  # here


class PerSample(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(2, 6))

    def forward(self, x):
        return x * self.gain  # here


class Slopes(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = nn.PReLU(6)
        nn.init.uniform_(self.act.weight)

    def forward(self, x):
        return self.act(x)  # here


class Clamped(nn.Module):
    def forward(self, x):
        return x.clamp(-1, 1)  # here


UNKNOWN = {
    Sine: "sin",
    Product: "mul",
    Smooth: "ELU",
    AlwaysDropout: "dropout",
    Reshaped: "reshape",
    Rolled: "roll",
    Padded: "pad",
    PerSample: "mul",
    Slopes: "PReLU",
    Clamped: "clamp",
}


@pytest.mark.parametrize("model", UNKNOWN, ids=lambda model: model.__name__)
def test_unknown_operation_names_node_line_and_remedy(model):
    with pytest.raises(ConversionError) as caught:
        trace(model(), VECTORS)
    lines, start = inspect.getsourcelines(model)
    line = start + next(number for number, text in enumerate(lines) if "# here" in text)
    assert caught.value.where.startswith("node ") and UNKNOWN[model] in caught.value.where
    assert f'{__file__}", line {line}, in forward' in caught.value.where
    assert "docs/bring-your-model.md" in caught.value.remedy and "islands=True" in caught.value.remedy
    assert len(str(caught.value)) < 500


class Branch(nn.Module):
    def forward(self, x):
        return x.relu() if x.sum() > 0 else x


class TwoInputs(nn.Module):
    def forward(self, x, y):
        return x


class NestedOutput(nn.Module):
    def forward(self, x):
        return x.relu(), [x]


class NoOutput(nn.Module):
    def forward(self, x):
        return {"logits": x.relu(), "loss": None}


class ChangedView(nn.Module):
    """A change in place of a view, which the tensor behind it shows too."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 6)
        nn.init.constant_(self.fc.bias, -5)  # so that the ReLU changes something

    def forward(self, x):
        x = self.fc(x)
        x.unflatten(1, (2, 3)).relu_()
        return x


def quantised():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(6, 3)), {nn.Linear})


def scripted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(nn.Sequential(nn.Linear(6, 3)))


IMAGE = inputs(2)
REFUSED = {
    "branch on values": (Branch, VECTORS, "cannot be traced"),
    "two inputs": (TwoInputs, VECTORS, "missing 1 required positional argument"),
    "nested output": (NestedOutput, VECTORS, "does not return one tensor"),
    "no output": (NoOutput, VECTORS, "does not return one tensor"),
    "a view changed in place": (ChangedView, VECTORS, "outputs differ from the model's"),
    "scripted": (scripted, VECTORS, "scripted module"),
    "quantised": (quantised, VECTORS, "is a quantised Linear"),
    "a function": (lambda: torch.relu, VECTORS, "no nn.Module"),
    "wrong shape": (lambda: nn.Linear(5, 3), VECTORS, r"fails on an input of shape \(1, 6\)"),
    "flatten of the batch": (lambda: nn.Flatten(0), IMAGE, "moves values between samples"),
    "aligned corners": (
        lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
        IMAGE,
        "align_corners",
    ),
    "bilinear by a fraction": (lambda: nn.Upsample(scale_factor=1.5, mode="bilinear"), IMAGE, "whole numbers"),
    "bicubic": (lambda: nn.Upsample(scale_factor=2, mode="bicubic"), IMAGE, "mode='bicubic'"),
    "norm of the batch": (lambda: nn.BatchNorm2d(1, track_running_stats=False), IMAGE, "depends on the batch"),
    "pool with a divisor": (lambda: nn.AvgPool2d(2, divisor_override=3), IMAGE, "divisor_override"),
    "uneven adaptive pool": (lambda: nn.AdaptiveAvgPool2d(5), IMAGE, "windows of unequal size"),
}


@pytest.mark.parametrize(("model", "x", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(model, x, message):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        built = model()
        built = built.eval() if isinstance(built, nn.Module) else built
    with pytest.raises(ConversionError, match=message) as caught:
        trace(built, x)
    assert caught.value.where and caught.value.remedy
    assert "\n" not in str(caught.value)


def sequence(*layers: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(*layers).eval()


CONV, NORM, RELU = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()
UNCONVERTIBLE = {
    "no relu": (sequence(nn.Flatten(), nn.Linear(256, 3)), "no ReLU"),
    "two relus": (sequence(CONV, RELU, RELU), "follows a ReLU"),
    "relu of the input": (sequence(RELU, CONV, RELU), "follows a Input"),
    "layer behind a layer": (
        sequence(CONV, RELU, nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 1), RELU),
        "cannot compute identity",
    ),
    "leaky": (sequence(CONV, nn.LeakyReLU(0.1), nn.Flatten()), r"cannot compute leaky ReLU \(0.1\)"),
}


@pytest.mark.parametrize(("model", "message"), UNCONVERTIBLE.values(), ids=UNCONVERTIBLE)
def test_a_network_spikes_cannot_compute(model, message):
    with pytest.raises(ConversionError, match=message) as caught:
        convert(model, IMAGE, code=Phase())
    assert caught.value.remedy


def test_layers_of_an_analogue_input_need_no_neurons_between():
    """A current that is the same in every step may pass any number of layers and pools."""
    model = sequence(CONV, nn.MaxPool2d(2), nn.Conv2d(2, 2, 3), RELU, nn.Flatten(), nn.Linear(50, 3))
    network = convert(model, IMAGE, code=Rate(steps=512), input="analogue", percentile=100)
    torch.testing.assert_close(run(network, IMAGE).values, model(IMAGE).detach(), atol=0.02, rtol=0.02)


def with_nan_weight():
    model = small_cnn()
    with torch.no_grad():
        model[0].weight[0] = torch.nan
    return model


def nan_image():
    x = inputs(80)
    x[70, 0, 3, 3] = torch.nan
    return x


MODEL = small_cnn()
ANN = trace(MODEL, inputs(1))
WRONG = {
    "nan weights": (with_nan_weight(), inputs(4), {}, "not finite"),
    "nan calibration": (MODEL, nan_image(), {}, "not finite"),
    "empty calibration": (MODEL, inputs(0), {}, "no sample"),
    "no data": (MODEL, 3, {}, "data of type int"),
    "a generator": (MODEL, (x for x in inputs(4).split(2)), {}, "only once"),
    "wrong shape of a network": (ANN, torch.rand(4, 1, 8, 8), {}, "is expected"),
    "spiking already": (convert(MODEL, inputs(4), code=TTFS()), inputs(4), {}, "spiking already"),
    "quantised already": (quantise(MODEL, inputs(4)), inputs(4), {}, "quantised already"),
    "norm": (MODEL, inputs(4), {"norm": "neuron"}, "norm='neuron'"),
    "percentile 0": (MODEL, inputs(4), {"percentile": 0}, "percentile=0"),
    "percentile 101": (MODEL, inputs(4), {"percentile": 101}, "percentile=101"),
    "one bit": (MODEL, inputs(4), {"weight_bits": 1}, "1 bits"),
    "64 bits": (MODEL, inputs(4), {"weight_bits": 64}, "64 bits"),
    "input": (MODEL, inputs(4), {"input": "poisson"}, "input='poisson'"),
    "coded negative input": (MODEL, -inputs(4), {"input": "coded"}, "cannot carry a negative value"),
    "a class as code": (MODEL, inputs(4), {"code": TTFS}, "is no code"),
    "a text as code": (MODEL, inputs(4), {"code": "ttfs"}, "is no code"),
    "unknown node": (MODEL, inputs(4), {"code": {"2": TTFS(), "5": TTFS(), "7": TTFS()}}, r"\['7'\] unknown nodes"),
    "missing node": (MODEL, inputs(4), {"code": {"2": TTFS()}}, r"none for \['5'\]"),
    "ttfs feeds rate": (MODEL, inputs(4), {"code": {"2": TTFS(steps=8), "5": Rate(steps=8)}}, "cannot feed"),
    "rate of two lengths": (MODEL, inputs(4), {"code": {"2": Rate(steps=8), "5": Rate(steps=9)}}, "cannot feed"),
    "rate feeds phase": (MODEL, inputs(4), {"code": {"2": Rate(steps=8), "5": Phase(steps=8)}}, "cannot feed"),
    "phases of two periods": (
        MODEL,
        inputs(4),
        {"code": {"2": Phase(steps=16, period=8), "5": Phase(steps=16, period=4)}},
        "cannot feed",
    ),
}


@pytest.mark.parametrize(("model", "data", "options", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_to_convert(model, data, options, message):
    with pytest.raises(PicojouleError, match=message) as caught:
        convert(model, data, **{"code": TTFS(steps=8), **options})
    assert caught.value.where and caught.value.remedy


@pytest.mark.parametrize("name", [name for name, (_, _, options, _) in WRONG.items() if not options])
def test_wrong_input_to_quantise(name):
    model, data, _, message = WRONG[name]
    if name == "a generator":
        data = (x for x in inputs(4).split(2))
    with pytest.raises(PicojouleError, match=message):
        quantise(model, data)


@pytest.mark.parametrize("bits", [0, 1, 17])
def test_wrong_bits(bits):
    with pytest.raises(PicojouleError, match=f"{bits} bits"):
        quantise(MODEL, inputs(4), bits=bits)


def test_an_error_is_one_line_with_its_remedy():
    with pytest.raises(ConversionError) as caught:
        trace(Branch(), VECTORS)
    assert re.fullmatch(r"Branch: .*\. Remedy: .*", str(caught.value))
