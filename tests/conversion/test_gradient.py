"""Kernel optimisation: its updates are the written ones, its losses fall, and what it leaves alone."""

import math
from dataclasses import replace

import pytest
import torch

from nets import converted, inputs, small_cnn
from picojoule.codes import TTAS, TTFS, Rate
from picojoule.conversion import convert
from picojoule.conversion.gradient import RHO, losses_of, optimise_kernels
from picojoule.engines import run
from picojoule.ir import Fire

DATA = inputs(128)


def test_one_update_is_the_written_one():
    """Against the formulas in plain Python, for the first layer behind an analogue input."""
    code = TTFS(steps=24, tau=5.0, delay=-0.5)
    network = converted(code, input="analogue")
    fire = next(network.all(Fire))
    x = DATA[:16]
    first = network.evolve([*network.nodes[: network.nodes.index(fire)]])
    u = run(first, x, count=False).values.flatten(1)
    tau, d, T = 5.0, -0.5, 24
    s = torch.ceil(d - tau * torch.log(u.clamp_min(1e-30))).clamp_min(0)
    x_hat = torch.where(s < T, torch.exp(-(s - d) / tau), 0.0)
    terms = (u.relu() - x_hat) * x_hat * (s - d)
    terms = terms[(x_hat > 0) & (terms > 0)]
    smallest = u.relu().sort(1).values[:, int(0.02 * u.shape[1]) - 1]
    low, high = math.exp(-(T - d) / tau), math.exp(d / tau)
    up = RHO[0] * terms.mean() + RHO[1] * (smallest.mean() - low) * low * (T - d)
    shift = RHO[2] * ((x_hat.amax(1) - high) * high / tau).mean()
    moved = next(optimise_kernels(network, x, updates=1, batch=16).network.all(Fire)).code
    assert moved.tau == pytest.approx(float(tau + up / tau**2), rel=1e-5)
    assert moved.delay == pytest.approx(float(d + shift), rel=1e-4)


@pytest.mark.parametrize("tau", [3.0, 12.0])
def test_losses_fall(tau):
    """From a τ that is too short, and one that is too long."""
    network = converted(TTFS(steps=40, tau=tau))
    done = optimise_kernels(network, DATA, updates=60)
    before, after = (sum(each.weighted for each in losses_of(net, DATA).values()) for net in (network, done.network))
    assert after < 0.9 * before
    assert all(len(losses) == 60 for losses in done.losses.values()) and set(done.losses) == set(
        losses_of(network, DATA)
    )


def test_the_input_keeps_its_delay_and_decoders_follow():
    network = optimise_kernels(converted(TTFS(steps=20)), DATA, updates=20).network
    first, *others = network.all(Fire)
    assert first.layer == "input" and first.code.delay == 0 and first.code.tau is not None
    assert all(fire.code.delay < 0 for fire in others)
    x = DATA[:4]
    torch.testing.assert_close(run(network, x).values, run(network, x, engine="stepped").values)


def test_a_calibration_to_switch_on():
    network = convert(small_cnn(), DATA, code=TTFS(steps=20, start=10), calibrate=("gradient",))
    assert network.name == "ttfs T=20 ef S=10 +gradient"
    told = [fate.became for fate in network.conversion.fates if fate.by == "gradient"]
    assert len(told) == 3 and all(each.startswith("τ 5 → ") for each in told)
    assert all(fire.code.start == 10 for fire in network.all(Fire))


@pytest.mark.parametrize("code", [Rate(steps=8), TTAS(steps=16)], ids=lambda code: code.name)
def test_other_codes_stay(code):
    network = converted(code)
    same = optimise_kernels(network, DATA)
    assert [fire.code for fire in same.network.all(Fire)] == [code] * 3 and not same.losses


def test_a_signed_layer_stays():
    network = converted(TTFS(steps=16))
    nodes = [replace(n, code=replace(n.code, slope=0.5)) if n.name == "5" else n for n in network.nodes]
    moved = optimise_kernels(network.evolve(nodes), DATA, updates=3).network
    kept = {fire.name: fire.code.tau is None for fire in moved.all(Fire)}
    assert kept == {name: name == "5" for name in kept} and "5" in kept
