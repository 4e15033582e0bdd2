"""Noisy networks: every engine draws the same numbers, and means and variances are those of the noise."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from nets import converted, dyadic, inputs
from picojoule.base.errors import EngineError, InputError
from picojoule.codes import TTAS, TTFS, Burst, Phase, Rate
from picojoule.conversion import compensate, convert, disturb, quantise
from picojoule.engines import run
from picojoule.ir import WeightLayer
from picojoule.ir.file import load, save
from picojoule.noise import Noise
from suite import check_engines_agree
from test_residual import residual

NOISES = [
    Noise(deletion=0.3, seed=1),
    Noise(jitter=1.5, seed=2),
    Noise(deletion=0.2, jitter=2.0, late=True, seed=3),
    Noise(jitter=1.0, granularity="step", seed=4),
]
CODES = [
    TTFS(steps=12, tau=2),
    TTFS(steps=16, start=8),
    TTAS(steps=12, tau=2.0),
    TTAS(steps=16, start=8, further=3),
    Rate(steps=12),
    Rate(steps=12, corrected=True),
    Phase(steps=16),
    Burst(steps=12),
]


@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.label)
@pytest.mark.parametrize("code", CODES, ids=lambda code: code.label)
def test_engines_agree_under_the_same_draws(code, noise):
    """Values, spikes and counts: closed, event and layered, where they take the network, against stepped."""
    network = disturb(converted(code, input="analogue").to("cpu", "float64"), noise)
    if code.waits and noise.of_steps:
        assert run(network, inputs(1)).plan.startswith("stepped"), "left to the oracle"
    else:
        check_engines_agree(network, inputs(4).double(), exactly=False)


def test_engines_agree_on_coded_inputs_and_shortcuts():
    shape = (2, 8, 8)
    network = convert(residual(), inputs(32, shape=shape), code=TTFS(steps=12))
    noisy = disturb(network.to("cpu", "float64"), NOISES[2])
    check_engines_agree(noisy, inputs(4, shape=shape).double(), exactly=False)


@pytest.mark.parametrize("code", CODES[:1] + CODES[2:3] + CODES[4:], ids=lambda code: code.label)
def test_a_sample_meets_the_same_noise_in_any_batch(code):
    network = disturb(converted(code), NOISES[2])
    x = inputs(6)
    whole = run(network, x).values
    torch.testing.assert_close(torch.cat([run(network, part).values for part in x.split([1, 3, 2])]), whole)


def test_seeds_differ_and_repeat():
    network, x = converted(TTFS(steps=12)), inputs(6)
    a, b, c = (run(disturb(network, Noise(deletion=0.4, seed=seed)), x).values for seed in (0, 0, 1))
    assert torch.equal(a, b) and not torch.allclose(a, c)


def one_layer(code) -> object:
    """A neuron for each input and one that sums them all."""
    model = nn.Sequential(nn.Linear(400, 400, bias=False), nn.ReLU(), nn.Linear(400, 1, bias=False))
    with torch.no_grad():
        model[0].weight.copy_(torch.eye(400))
        model[2].weight.fill_(1.0)
    return convert(model, torch.ones(4, 400), code=code, input="analogue", percentile=100)


@pytest.mark.parametrize("code", [TTFS(steps=24, tau=4.0), TTAS(steps=24, tau=4.0), Rate(steps=16), Phase(steps=16)],
                         ids=lambda code: code.label)  # fmt: skip
def test_compensation_keeps_the_mean_under_deletion(code):
    network, noise = one_layer(code), Noise(deletion=0.5, seed=7)
    x = 0.3 + 0.05 * torch.rand(64, 400, generator=torch.Generator().manual_seed(1))
    clean = run(network, x).values.mean()
    bare, scaled = (run(disturb(each, noise), x).values.mean() for each in (network, compensate(network, noise)))
    assert float(bare / clean) == pytest.approx(0.5, abs=0.02)
    assert float(scaled / clean) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("granularity", ["spike", "step"])
@pytest.mark.parametrize("code", [TTFS(steps=48, tau=4.0), TTAS(steps=48, tau=4.0)], ids=lambda code: code.name)
def test_compensation_removes_the_bias_of_jitter(code, granularity):
    network, noise = one_layer(code), Noise(jitter=2.0, granularity=granularity, seed=7)
    times = torch.randint(48, (300, 400), generator=torch.Generator().manual_seed(1))  # equally often at every step
    x = torch.exp((0.5 - times) / 4)
    clean = run(network, x).values.mean()
    bare, scaled = (run(disturb(each, noise), x).values.mean() for each in (network, compensate(network, noise)))
    assert float(scaled / clean) == pytest.approx(1.0, abs=0.02 if isinstance(code, TTFS) else 0.05)  # of one spike
    assert abs(float(scaled / clean) - 1) < abs(float(bare / clean) - 1)


def test_the_burst_has_the_smaller_variance():
    """At the output of 400 neurons, as the law of the code says: by 3.7 at τ = 2, n = 5."""
    spread = []
    x = torch.full((1, 400), 0.4)
    for code in (TTFS(steps=24, tau=2.0), TTAS(steps=24, tau=2.0)):
        network = one_layer(code)
        noises = [Noise(deletion=0.5, seed=seed) for seed in range(300)]
        values = torch.stack([run(disturb(compensate(network, each), each), x, count=False).values for each in noises])
        spread.append(float(values.var() / values.mean() ** 2))
    assert spread[0] / spread[1] == pytest.approx(1 / 0.271, rel=0.35)
    assert spread[0] == pytest.approx(1 / 400, rel=0.25)


def test_compensation_touches_weights_fed_by_spikes_alone():
    network = converted(Rate(steps=8), input="analogue")
    scaled = compensate(network, Noise(deletion=0.5))
    for before, after in zip(network.all(WeightLayer), scaled.all(WeightLayer), strict=True):
        factor = 1.0 if before.name in network.analogue else 2.0
        assert torch.equal(after.weight, factor * before.weight) and torch.equal(after.bias, before.bias)


def test_noise_of_weights_is_relative_and_its_own():
    ann = quantise(nn.Sequential(nn.Linear(300, 300), nn.ReLU()), torch.rand(8, 300))
    noisy = disturb(ann, Noise(weights=0.1, seed=2))
    before, after = (next(each.all(WeightLayer)).weight for each in (ann, noisy))
    relative = (after / before - 1)[before != 0]
    assert float(relative.std()) == pytest.approx(0.1, rel=0.02) and abs(float(relative.mean())) < 0.002
    assert noisy.name == "ann int8, weights ±0.1"


def test_refusals():
    network = disturb(converted(Rate(steps=8)), Noise(deletion=0.1))
    with pytest.raises(InputError, match="has noise already"):
        disturb(network, Noise())
    with pytest.raises(EngineError, match="drawn once"):
        first = run(converted(Rate(steps=8)), inputs(2))
        run(network, inputs(2), state=first.state)
    with pytest.raises(EngineError, match="each step"):
        step = disturb(converted(TTFS(steps=8)), Noise(jitter=1.0, granularity="step"))
        run(step, inputs(2), engine="closed")
    with pytest.raises(InputError, match="nothing fires"):
        disturb(quantise(nn.Sequential(nn.Linear(3, 3), nn.ReLU()), torch.rand(8, 3)), Noise(deletion=0.1))


def test_a_file_keeps_the_noise(tmp_path):
    network = disturb(converted(TTFS(steps=12)), Noise(deletion=0.2, jitter=1.0, seed=9))
    again = load(save(network, tmp_path / "net.safetensors"))
    assert again.noise == network.noise
    assert torch.equal(run(again, inputs(3)).values, run(network, inputs(3)).values)


def test_an_engine_that_draws_otherwise_is_caught(monkeypatch):
    network = disturb(dyadic(converted(TTFS(steps=12))), Noise(deletion=0.3))
    from picojoule.engines import bursting

    honest = bursting.Bursts.fire
    monkeypatch.setattr(
        bursting.Bursts, "fire", lambda self, node, u: honest(self, replace(node, name=node.name + "'"), u)
    )
    with pytest.raises((AssertionError, KeyError)):
        check_engines_agree(network, inputs(4).double(), exactly=False)
