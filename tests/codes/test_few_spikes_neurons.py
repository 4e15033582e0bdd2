"""The few-spikes neuron, its three forms, published sets, and fits."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.codes import FewSpikes, Rate
from picojoule.codes.few_spikes import FUNCTIONS, Sequences, fit, fitted, published, quality, target_of
from picojoule.codes.few_spikes.shipped import STEPS
from picojoule.codes.few_spikes.tendency import random_start, tbpi, tendency, train
from picojoule.kernels import successive
from picojoule.kernels.imitation import imitate, imitate_reference
from picojoule.kernels.segments import loss, segments

SILU = FUNCTIONS["silu"].compute
PUBLISHED = {
    "pretrained 4": (0.038795, 1.22),
    "pretrained 8": (0.008968, 2.37),
    "pretrained 12": (0.002046, 3.72),
    "pretrained 16": (0.001042, 5.53),
    "tbpi 8": (0.006305, 3.54),
    "tbpi 12": (0.001826, 4.30),
    "tbpi 16": (0.000537, 5.14),
    "stoeckl 16": (0.003446, 4.17),
}
TABLE = {8: 0.006295, 12: 0.001413, 16: 0.001246}
"""The README of the TBPI repository, for Swish."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sets_give_their_errors(name):
    error, spikes = PUBLISHED[name]
    found = quality(published()[name], SILU, -8, 12)
    assert round(found.error, 6) == error
    assert round(found.spikes, 2) == pytest.approx(spikes, abs=0.011)


@pytest.mark.parametrize("name", published())
def test_loop_is_staircase_is_kernel(name):
    sequences = published()[name]
    x = torch.linspace(-9, 13, 20_011, dtype=torch.float64)
    values, spikes = sequences.stepped(x)
    stairs = sequences.staircase()
    near = (x.clamp(-8, 12)[:, None] - stairs.breakpoints).abs().amin(1) < 1e-9
    y, n = stairs(x.clamp(-8, 12))
    torch.testing.assert_close(y[~near], values[~near])
    assert torch.equal(n[~near], spikes[~near])
    row = x.float()[None]
    decoded, numbers = successive.decode(row.clone(), sequences.tables())
    slow, slow_numbers = successive.decode_reference(row, sequences.tables())
    assert torch.equal(decoded, slow) and torch.equal(numbers, slow_numbers)
    assert torch.equal(successive.raster(row, sequences.tables()).sum(0), numbers)
    torch.testing.assert_close(decoded[0].double(), sequences.stepped(x.float().double())[0], atol=2e-5, rtol=0)


def test_kernel_of_signed_neurons():
    for code in (FewSpikes(steps=7, slope=1.0), FewSpikes(steps=5, slope=0.25)):
        row = torch.linspace(-5, 2, 3001)[None]
        decoded, numbers = successive.decode(row.clone(), code.successive())
        slow = successive.decode_reference(row, code.successive())
        assert torch.equal(decoded, slow[0]) and torch.equal(numbers, slow[1])


def test_index_convention():
    """Training subtracts h(t)·z(t−1) in front of step t: the same function once its h is shifted by one."""
    generator = np.random.default_rng(0)
    T, h, d = generator.standard_normal((3, 6))
    x, v, y, z = np.linspace(-3, 3, 101), np.linspace(-3, 3, 101), 0, 0
    for t in range(6):
        v = v - h[t] * z
        z = v >= T[t]
        y = y + d[t] * z
    torch.testing.assert_close(
        Sequences.from_early_resets(T, h, d)(torch.tensor(x)), torch.tensor(y), atol=1e-5, rtol=0
    )


def test_saturates_at_the_ends_of_its_range():
    sequences = published()["tbpi 16"]
    ends = torch.tensor([-100.0, -8, 12, 1000], dtype=torch.float64)
    low, at_low, at_high, high = sequences(ends).tolist()
    assert low == at_low and high == at_high


def test_relu_is_rounding():
    """K bits: clip(⌊u·2^K + ½⌋, 0, 2^K − 1)·2^−K; with both signs the same on both sides, for fewer spikes."""
    u = torch.arange(-4096, 4097, dtype=torch.float64) / 2048 + 2**-14
    for K in (1, 4, 8):
        nearest = (u * 2**K + 0.5).floor().clamp(0, 2**K - 1) / 2**K
        assert torch.equal(FewSpikes(steps=K).value(u), nearest)
        both = (u * 2**K).round().clamp(1 - 2**K, 2**K - 1) / 2**K
        assert torch.equal(FewSpikes(steps=K, slope=1.0).value(u), both)
    signed, plain = (
        successive.decode(each[None], code.successive())[1].double().mean()
        for each, code in ((u / 2, FewSpikes(slope=1.0)), ((u / 2).abs(), FewSpikes()))
    )
    assert signed < 0.9 * plain


def test_exact_gradient_is_that_of_differences():
    to, generator = target_of("gelu", -4, 6, [1, 3, 2, 1]), np.random.default_rng(1)
    T, h = generator.standard_normal((2, 5))
    found, e = loss(T, h, to, 0.01), 1e-4
    for t in range(5):
        for which, slope in ((T, found.by_threshold), (h, found.by_reset)):
            ends = []
            for sign in (1, -1):
                which[t] += sign * e
                near = loss(T, h, to, 0.01)
                ends.append(near.error + 0.01 * near.spikes)
                which[t] -= sign * e
            assert (ends[0] - ends[1]) / (2 * e) == pytest.approx(slope[t], abs=2e-4)


def test_amplitudes_are_least_squares():
    to, generator = target_of("silu"), np.random.default_rng(2)
    T, h = generator.standard_normal((2, 6))
    found = loss(T, h, to)
    x = torch.linspace(-8, 12, 40_001, dtype=torch.float64)
    z = successive.raster(x, Sequences(thresholds=T, resets=h, amplitudes=T, low=-8, high=12).tables()).double().T

    def error(d: np.ndarray) -> float:
        return float((z @ torch.from_numpy(d) - SILU(x)).square().mean())

    assert error(found.amplitudes) == pytest.approx(found.error, rel=1e-2)
    for step in np.eye(6) * 0.05:
        assert min(error(found.amplitudes + step), error(found.amplitudes - step)) > error(found.amplitudes) - 1e-6


def test_segments_are_those_of_the_loop():
    found = segments(np.array([2.0, 1.0]), np.array([1.5, 0.0]), 0.0, 4.0)
    assert found.edges.tolist() == [0, 1, 2, 2.5, 4] and found.fired.tolist() == [0, 2, 1, 3]


@pytest.mark.parametrize("steps", [8, 16])
def test_exact_fit_halves_the_published_error(steps):
    found = quality(fit("silu", steps=steps, seed=1), SILU, -8, 12)
    assert found.error <= TABLE[steps] / 2
    assert found.error < 0.000537 or steps < 16


def test_density_and_spike_weight_do_what_they_say():
    density = np.exp(-0.5 * (np.linspace(-8, 12, 200) / 1.5) ** 2)
    plain, weighted = fit("silu", tries=8, shakes=4), fit("silu", density=density, tries=8, shakes=4)
    sparse = fit("silu", density=density, spike_weight=0.01, tries=8, shakes=4)
    at = {each: quality(each, SILU, -8, 12, density) for each in (plain, weighted, sparse)}
    assert at[weighted].error < at[plain].error / 2
    assert at[sparse].spikes < at[weighted].spikes - 0.2
    assert at[sparse].error + 0.01 * at[sparse].spikes < at[weighted].error + 0.01 * at[weighted].spikes


@pytest.mark.parametrize("function", FUNCTIONS)
def test_shipped_fits(function):
    compute, low, high = FUNCTIONS[function]
    errors = [quality(fitted(function, steps), compute, low, high, points=10_000).error for steps in STEPS]
    assert all(longer < shorter for shorter, longer in pairwise(errors))
    assert fitted(function, 5) is None and errors[-1] < 1e-3


def test_shipped_fits_are_twice_as_good_as_published():
    for steps, error in TABLE.items():
        ours = quality(fitted("silu", steps), SILU, -8, 12).error
        assert ours <= (error / 2 if steps != 12 else error)


# --- surrogate fits ------------------------------------------------------------------------------------------------


def test_imitation_is_its_reference():
    generator = np.random.default_rng(0)
    for points, steps in ((3000, 5), (1024, 1)):
        at = random_start(steps, generator).astype(np.float32)
        x = np.linspace(-8, 12, points).astype(np.float32)
        f = SILU(torch.from_numpy(x)).numpy()
        error, slope = imitate(at, x, f)
        expected, gradient = imitate_reference(*(torch.from_numpy(each).double() for each in (at, x, f)))
        assert error == pytest.approx(float(expected), rel=1e-5)
        np.testing.assert_allclose(slope, gradient.numpy(), atol=1e-5 * np.abs(slope).max())


def test_tendency_finds_the_curve():
    t = np.arange(1, 9.0)
    for family, values in {
        "logarithm": 3 - 1.5 * np.log(t),
        "quadratic": 0.5 * t**2 - 4 * t + 9,
        "exponential": 9 * np.exp(-0.6 * t),
    }.items():
        found = tendency(values)
        assert found.family == family
        np.testing.assert_allclose(found.values, values, atol=1e-9)


def test_tbpi_trains_on_from_the_tendency():
    done = tbpi(target_of("silu"), 4, np.random.default_rng(0), epochs=300, points=2000)
    assert done.first.path[-1] < done.first.path[0]
    assert done.second.path[0] != done.first.path[0] and done.best.error == min(done.first.error, done.second.error)
    method = fit("silu", steps=4, method="tbpi", epochs=300)
    assert method.low == -8 and len(method.thresholds) == 4


def test_published_tendency_reaches_the_published_error():
    """From the authors' curves for K = 8 (h, d, T logarithmic) our training ends where theirs does."""
    logarithm = np.log(np.arange(1, 9.0))
    start = np.stack([4.6739 - 3.959 * logarithm, 4.235 - 2.043 * logarithm, 4.3708 - 2.173 * logarithm])
    assert train(target_of("silu"), start, points=10_000).error <= TABLE[8] * 1.005


# --- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: fit("sine"),
        lambda: fit("silu", 3, 3),
        lambda: fit("silu", steps=0),
        lambda: fit("silu", steps=40),
        lambda: fit("silu", method="eye"),
        lambda: fit("silu", method="tbpi", density=[1, 2]),
        lambda: fit("silu", density=[-1, 2]),
        lambda: fit(torch.log, -1, 1),
        lambda: fit(torch.sin),
        lambda: Sequences(thresholds=(1,), resets=(1, 2), amplitudes=(1,)),
        lambda: FewSpikes(steps=25),
        lambda: FewSpikes(steps=8, function="silu", thresholds=(1.0,)),
        lambda: FewSpikes(function="gelu"),
        lambda: FewSpikes(largest=0.0),
        lambda: FewSpikes(slope=2),
        lambda: FewSpikes(spike_weight=-1),
        lambda: Rate().computing("silu", -1, 1, [1]),
    ],
)
def test_refuses(make):
    with pytest.raises(InputError):
        make()


def test_labels_and_payloads():
    assert FewSpikes().label == "few-spikes K=8" and FewSpikes(slope=1.0).label == "few-spikes K=8 α=1"
    code = FewSpikes.of(published()["tbpi 8"], "silu")
    assert code.label == "few-spikes K=8 silu" and code.payload == "real" and FewSpikes().payload == "power_of_two"
    assert math.isclose(code.scaled(2.0).value(torch.tensor([1.5])).item() * 2, code.value(torch.tensor([3.0])).item(),
                        rel_tol=1e-5)  # fmt: skip
