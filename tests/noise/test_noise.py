"""Noise as a value: its draws, its laws, and what it refuses."""

import math

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.codes import TTFS, Phase, Rate
from picojoule.kernels.draws import mix, uniform, uniform_reference
from picojoule.noise import Noise
from picojoule.noise.draws import keys_for, keys_of

N = 200_000
SAMPLES, FIRST = torch.tensor([17]), torch.zeros(N, dtype=torch.int64)
PLACES = torch.arange(N)


def test_mix_is_the_finaliser_of_splitmix64():
    """The first numbers of SplitMix64 from seed 1234567, which its authors publish."""
    golden = -0x61C8864680B583EB
    found = mix(torch.tensor(1234567) + golden * torch.arange(1, 4))
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [each % 2**64 for each in found.tolist()] == expected


def test_the_kernel_draws_what_its_reference_draws():
    keys, of, number = torch.randint(-(2**62), 2**62, (5,)), torch.randint(5, (3, 999)), torch.randint(2**40, (3, 999))
    assert torch.equal(uniform(keys, of, number), uniform_reference(keys, of, number))


def test_draws_are_uniform_and_do_not_depend_on_each_other():
    drawn = torch.stack(
        [uniform(keys_for(SAMPLES, what, seed), FIRST, PLACES) for what in ("a", "b") for seed in (0, 1)]
    )
    assert float(drawn.min()) >= 0 and float(drawn.max()) < 1
    torch.testing.assert_close(drawn.mean(1), torch.full((4,), 0.5).double(), atol=0.004, rtol=0)
    torch.testing.assert_close(drawn.var(1), torch.full((4,), 1 / 12).double(), atol=0.002, rtol=0)
    torch.testing.assert_close(torch.corrcoef(drawn), torch.eye(4).double(), atol=0.01, rtol=0)
    assert abs(float(torch.corrcoef(torch.stack([drawn[0, 1:], drawn[0, :-1]]))[0, 1])) < 0.01


def test_a_sample_is_known_by_its_content():
    x = torch.rand(5, 3, 4, 4)
    keys = keys_of(x)
    assert len(set(keys.tolist())) == 5
    assert torch.equal(keys[2:3], keys_of(x[2:3])) and torch.equal(keys, keys_of(x.double()))
    assert torch.equal(keys, keys_of(x.contiguous(memory_format=torch.channels_last)))


def test_deletion_loses_its_share():
    kept = Noise(deletion=0.3, seed=5).kept(SAMPLES, "relu1", FIRST, PLACES)
    assert float(kept.double().mean()) == pytest.approx(0.7, abs=0.004)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("late", [False, True])
def test_jitter_is_a_normal_number_toward_zero(sigma, late):
    noise = Noise(jitter=sigma, late=late, seed=1)
    drawn = noise.shifts(SAMPLES, "relu1", FIRST, PLACES)
    wanted = torch.randn(N, generator=torch.Generator().manual_seed(2)).double() * sigma
    wanted = wanted.abs().floor() if late else wanted.trunc()
    assert sum(noise.law.values()) == pytest.approx(1)
    for k in range(-3, 4):
        assert float((drawn == k).double().mean()) == pytest.approx(noise.law.get(k, 0.0), abs=0.004)
        assert float((wanted == k).double().mean()) == pytest.approx(noise.law.get(k, 0.0), abs=0.004)


@pytest.mark.parametrize("code", [TTFS(steps=12, tau=2.0), Rate(steps=8), Phase(steps=16)], ids=lambda code: code.name)
def test_gain_is_the_mean_of_what_arrives(code):
    noise, amplitudes = Noise(deletion=0.2, jitter=1.5, seed=3), torch.tensor(code.amplitudes()).double()
    sent = PLACES % code.steps
    read = (sent + noise.shifts(SAMPLES, "n", FIRST, PLACES)).clamp(0, code.steps - 1)
    arrives = amplitudes[read] * noise.kept(SAMPLES, "n", FIRST, PLACES)
    assert float(arrives.mean() / amplitudes[sent].mean()) == pytest.approx(noise.gain(code.amplitudes()), rel=0.01)


def test_gain_of_readings_in_fine_steps_is_that_of_continuous_time():
    """E[q^δ] → e^{σ²/2τ²} where a step is short against τ."""
    sigma, tau = 40.0, 80.0
    gain = Noise(jitter=sigma, granularity="step").gain(TTFS(steps=100, tau=tau).amplitudes())
    assert gain == pytest.approx(math.exp(sigma**2 / (2 * tau**2)), rel=0.02)


@pytest.mark.parametrize(
    "wrong", [{"deletion": 1.0}, {"deletion": -0.1}, {"jitter": -1}, {"jitter": math.inf}, {"granularity": "layer"}]
)
def test_wrong_noise_is_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Noise(**wrong)
