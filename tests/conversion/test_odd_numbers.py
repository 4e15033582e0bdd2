"""Odd numbers: the right result, or one clear error."""

import pytest
import torch
from torch import nn

import picojoule as pj
from picojoule.base.errors import PicojouleError
from picojoule.codes import TTFS, FewSpikes, Phase, Rate

CODES = (TTFS(steps=64), Rate(steps=64), Phase(steps=32), FewSpikes(steps=10))


def net(dtype=torch.float32, **changes):
    """A small network; `changes` puts other values in place of a parameter's first channel."""
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(4)
    layers = (nn.Conv2d(1, 4, 3, padding=1), norm, nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3), nn.ReLU())
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(24, 3)).eval()
    state = model.state_dict()
    for name, value in changes.items():
        state[name.replace("_", ".", 1)][0] = value
    model.load_state_dict(state)
    return model.to(dtype)


torch.manual_seed(1)
X, Y = torch.rand(12, 1, 8, 8), torch.arange(12) % 3
SPOILT = X.clone()
SPOILT[3, 0, 2, 2] = float("nan")
INFINITE = X.clone()
INFINITE[3, 0, 2, 2] = float("inf")

RIGHT = {
    "a dead channel": (net(**{"0_weight": 0.0, "0_bias": -1.0}), X, X),
    "a channel without variance": (
        net(**{"0_weight": 0.0, "0_bias": 0.2, "1_running_var": 0.0, "1_running_mean": 0.2}),
        X,
        X,
    ),
    "a layer that is silent": (net(**{"4_weight": 0.0, "4_bias": -9.0}), X, X),
    "one calibration sample": (net(), X[:1], X[:1]),
    "constant images": (net(), torch.full_like(X, 0.5), torch.full_like(X, 0.5)),
    "black images": (net(), X, torch.zeros_like(X)),
    "denormal numbers": (net(), X * 1e-40, X * 1e-40),
    "half precision": (net(torch.float16), X.half(), X.half()),
    "bfloat16": (net(torch.bfloat16), X.bfloat16(), X.bfloat16()),
    "double precision": (net(torch.float64), X.double(), X.double()),
    "double network, float inputs": (net(torch.float64), X, X),
    "strides": (net(), X.transpose(2, 3), X.transpose(2, 3)),
    "channels last": (net().to(memory_format=torch.channels_last), X, X.contiguous(memory_format=torch.channels_last)),
    "a gradient": (net(), X.clone().requires_grad_(), X.clone().requires_grad_()),
    "a batch of one": (net(), X, X[:1]),
    "below zero": (net(), X - 0.5, X - 0.5),
    "training mode": (net().train(), X, X),
}


@pytest.mark.parametrize("code", CODES, ids=lambda each: each.name)
@pytest.mark.parametrize("name", RIGHT)
def test_the_result_is_right(name, code):
    model, calibration, x = RIGHT[name]
    network = pj.convert(model, calibration, code=code)
    with torch.no_grad():
        dense = model.eval().to(torch.float64)(x.double())
    spiking = pj.run(network, x).values.double()
    assert (spiking - dense).abs().max() < 0.15 * max(1.0, dense.abs().max())


@pytest.mark.parametrize(
    "model, calibration, x, why",
    [
        (net(), SPOILT, X, "not finite"),
        (net(), INFINITE, X, "not finite"),
        (net(), X, SPOILT, "sample 3 of the batch"),
        (net(), X, INFINITE, "sample 3 of the batch"),
        (net(**{"4_weight": float("nan")}), X, X, "not finite"),
        (net(), X[:0], X, "no sample"),
        (net(), X, X[:0], "no sample"),
        (net(), X, torch.rand(3, 2, 8, 8), "is expected"),
    ],
)
def test_or_one_error_says_what_is_wrong(model, calibration, x, why):
    with pytest.raises(PicojouleError, match=why):
        pj.measure(pj.convert(model, calibration, code=TTFS(steps=8)), (x, torch.zeros(len(x), dtype=torch.int64)))


def test_one_class_and_a_ragged_last_batch():
    network = pj.convert(net(), X, code=TTFS(steps=16))
    whole, ragged = (pj.measure(network, (X, Y * 0), batch=size).rows[0] for size in (12, 5))
    assert whole.metrics["accuracy"] == ragged.metrics["accuracy"] and whole.counts == ragged.counts
