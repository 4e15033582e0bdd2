"""Time-to-average-spike coding: its constants, its bursts, and what they do against deletion."""

import math

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.codes import TTAS, TTFS
from suite import transmitted

CONSTANTS = {
    1: 0.62246, 2: 0.50648, 3: 0.45505, 4: 0.42866, 5: 0.41409,
    6: 0.40572, 7: 0.40081, 10: 0.39508, 15: 0.39360, 20: 0.39348,
}  # fmt: skip
"""C by n at τ = 2, as the code of the paper's first author has them."""


@pytest.mark.parametrize(("further", "constant"), CONSTANTS.items())
def test_constants(further, constant):
    assert TTAS(steps=40, tau=2.0, further=further).share == pytest.approx(constant, abs=5e-6)


@pytest.mark.parametrize("further", [0, 1, 5])
def test_a_burst_is_whole_or_cut_off_by_the_window(further):
    code = TTAS(steps=12, tau=3.0, further=further)
    thresholds = torch.tensor(code.neuron().thresholds, dtype=torch.float64)
    values, fired = transmitted(code, thresholds)  # neuron s fires first at step s
    for s in range(12):
        assert fired[:, s].nonzero().flatten().tolist() == list(range(s, min(s + further + 1, 12)))
    whole = 12 - further
    torch.testing.assert_close(values[:whole], thresholds[:whole], rtol=1e-6, atol=0)
    assert (values[whole:] < thresholds[whole:]).all()


def test_a_burst_without_further_spikes_is_the_single_spike():
    u = torch.linspace(-1, 1.5, 999, dtype=torch.float64)
    assert torch.equal(TTAS(steps=20, further=0).value(u), TTFS(steps=20).value(u))


def test_late_inputs_neither_lengthen_nor_stop_a_burst():
    """What arrives after the first spike, in early firing, does not matter."""
    from picojoule.neurons import scan

    code = TTAS(steps=16, further=4, start=4)
    for late in (-300.0, 300.0):
        currents = torch.zeros(16, 1)
        currents[0], currents[2:] = 0.9, late
        assert scan(code.neuron(), currents)[0][:, 0].nonzero().flatten().tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("further", [0, 1, 5])
def test_variance_law_of_deletion(further):
    """With weights over 1 − p the mean is 1 and the relative variance p/(1−p)·Σq^{2i}/(Σq^i)²."""
    code, p, q = TTAS(steps=40, tau=2.0, further=further), 0.5, math.exp(-1 / 2)
    kept = torch.rand(200_000, further + 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64) >= p
    burst = torch.tensor(code.amplitudes()[: further + 1], dtype=torch.float64) / (1 - p)
    values = (kept * burst).sum(1)
    powers = [q**i for i in range(further + 1)]
    law = p / (1 - p) * sum(each**2 for each in powers) / sum(powers) ** 2
    assert float(values.mean()) == pytest.approx(1, abs=0.01)
    assert float(values.var()) == pytest.approx(law, rel=0.02)
    assert float((values == 0).double().mean()) == pytest.approx(p ** (further + 1), abs=0.003)


@pytest.mark.parametrize("wrong", [{"further": -1}, {"further": 80}, {"further": 1.5}, {"tau": -1}, {"start": 0}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(InputError):
        TTAS(**wrong)
