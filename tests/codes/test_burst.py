"""Burst coding and hybrids: the laws of a burst, and what may stand before what."""

import pytest
import torch

from nets import converted, inputs, small_cnn
from picojoule.base.errors import PicojouleError
from picojoule.codes import TTFS, Burst, Direct, Hybrid, Phase, Poisson, Rate
from picojoule.conversion import convert
from picojoule.engines import run
from picojoule.ir import Fire
from picojoule.neurons import scan

V_TH = 0.125


def sent(charge: torch.Tensor, steps: int, **settings) -> tuple[torch.Tensor, torch.Tensor]:
    """What comes of a charge that is there at the first step and of nothing after it; and the spikes."""
    code = Burst(steps=steps, period=steps, threshold=V_TH, **settings)
    spikes, _ = scan(code.neuron(), torch.cat([charge[None], charge.new_zeros(steps - 1, *charge.shape)]))
    return code.carried(spikes, charge.dtype), spikes


def test_a_loaded_charge_leaves_in_bursts():
    """n = ⌊log₂(1 + X/v_th)⌋ spikes carry v_th·(2ⁿ − 1), then a silent step, then the rest the same way."""
    charge = torch.arange(1, 600, dtype=torch.float64) * V_TH / 2
    left, expected = charge.clone(), []
    while bool((left >= V_TH).any()):
        n = torch.log2(1 + left / V_TH + 1e-12).floor()
        expected.append(n)
        left = left - V_TH * (2**n - 1)
    carried, spikes = sent(charge, 64)
    torch.testing.assert_close(carried, charge - left)
    assert torch.equal(spikes.sum(0).double(), torch.stack(expected).sum(0))


@pytest.mark.parametrize(("quanta", "spikes", "steps"), [(1000, 42, 50), (40, 10, 14)])
def test_how_many_spikes_a_charge_takes(quanta, spikes, steps):
    """Of 1000 quanta a rate makes 1000 spikes in 1000 steps."""
    carried, fired = sent(torch.tensor([quanta * V_TH], dtype=torch.float64), 64)
    assert float(carried) == quanta * V_TH
    assert int(fired.sum()) == spikes and int(fired.flatten().nonzero().max()) + 2 in (steps, steps + 1)


def test_a_growth_of_one_is_a_rate():
    network, rate = converted(Burst(steps=16, beta=1.0, threshold=1.0, initial=0.5)), converted(Rate(steps=16))
    x = inputs(5)
    mine, theirs = run(network, x), run(rate, x)
    assert torch.equal(mine.values, theirs.values) and mine.counts == theirs.counts


def test_a_burst_needs_fewer_spikes_behind_a_phase_than_rate_and_phase_do():
    def spikes(hidden):
        return run(converted(Hybrid(input=Phase(steps=32), hidden=hidden)), inputs(8)).counts.hidden_spikes

    assert spikes(Burst(steps=32)) < spikes(Rate(steps=32)) < spikes(Phase(steps=32))


WRONG = {
    "beta": lambda: Burst(beta=0.5),
    "threshold": lambda: Burst(threshold=0.0),
    "amount": lambda: Burst(amount=0.5),
    "initial": lambda: Burst(initial=0.125),
    "period": lambda: Burst(period=0),
    "a part of a period": lambda: Burst(steps=20, period=8),
    "a signed rate with a period": lambda: Rate(steps=16, period=8, slope=0.5),
    "other steps": lambda: Hybrid(input=Phase(steps=16), hidden=Burst(steps=32)),
    "a hidden code that keeps its own time": lambda: Hybrid(input=TTFS(steps=16), hidden=Phase(steps=16)),
    "drawn hidden spikes": lambda: converted(Hybrid(input=Phase(steps=64), hidden=Poisson())),
    "bursts below zero": lambda: Burst().carrying(0.5),
    "an analogue input of a coded one": lambda: converted(Hybrid(input=Phase(), hidden=Burst()), input="analogue"),
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_refused(make):
    with pytest.raises(PicojouleError) as caught:
        make()
    assert caught.value.remedy


def test_both_codes_keep_the_pace_of_the_slower():
    assert Hybrid(input=Poisson(steps=32), hidden=Phase(steps=32)).input.pace == 8
    paces = {
        Rate(steps=32): 1,
        Phase(steps=32): 8,
        Burst(steps=32, period=4): 4,
        TTFS(steps=32): 32,
        Poisson(steps=32): 1,
    }
    for code, pace in paces.items():
        assert Hybrid(input=code, hidden=Burst(steps=32)).hidden.pace == pace == code.pace
    assert Direct(steps=4).pace == 1


def test_labels():
    assert Hybrid(input=Phase(steps=32), hidden=Burst(steps=32, threshold=0.25)).label == "phase-burst T=32 θ=0.25"
    assert Hybrid(input=None, hidden=Burst(period=16)).label == "real-burst T=64 P=16"
    assert Hybrid(input=Poisson(), hidden=Phase()).label == "poisson-phase T=64"
    assert Hybrid(input=Burst(), hidden=Burst(period=8)).label == "burst-burst T=64 P=8"
    assert Hybrid(input=Poisson(seed=2), hidden=Rate(steps=64)).label == "poisson-rate T=64 input seed=2"


# --- drawn spikes -----------------------------------------------------------------------------------------------------


def test_a_draw_belongs_to_a_sample_and_a_seed():
    x = inputs(6)
    network, other = (
        convert(small_cnn(), x, code=Hybrid(input=Poisson(steps=12, seed=seed), hidden=Rate(steps=12)))
        for seed in (0, 1)
    )

    def trains(net, images, engine="auto"):
        return run(net, images, record=["input"], engine=engine).trains["input"].spikes

    whole = trains(network, x)
    assert torch.equal(whole[:, 2:4], trains(network, x[2:4]))
    assert torch.equal(whole.flip(1), trains(network, x.flip(0), engine="stepped"))
    assert not torch.equal(whole, trains(other, x))


def test_draws_are_poisson_like():
    """Mean x, variance x·(1 − x)/T, and no memory from step to step or pixel to pixel."""
    steps, x = 400, torch.linspace(0, 1, 21).repeat(50, 1).double()
    code = Poisson(steps=steps)
    x[:, 0] = torch.arange(50) * 1e-9  # fifty different samples
    spikes = (x + code.noise(x, 0, steps) >= 1).double()
    mean = spikes.mean((0, 1))
    error = (x[0] * (1 - x[0]) / (steps * 50)).sqrt()
    assert bool(((mean - x[0]).abs() <= 5 * error + 1e-6).all())
    spread = spikes.mean(0).var(0) * steps
    assert bool(((spread - x[0] * (1 - x[0])).abs() < 0.2).all())
    noise = code.noise(x[:1], 0, steps)[:, 0] - 0.5
    for other in (noise[1:], noise[:-1].roll(1, 1)):
        assert abs(float((noise[:-1] * other).mean()) * 12) < 5 / (steps * 21) ** 0.5


def test_the_first_input_population_draws():
    network = converted(Hybrid(input=Poisson(steps=8), hidden=Burst(steps=8)))
    drawn = [fire.layer for fire in network.all(Fire) if fire.code.contract.random]
    assert drawn == ["input"]
