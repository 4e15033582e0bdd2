"""The scan does what its equation says."""

import math

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.neurons import Neuron, integrate_and_fire, leaky, scan, step


def by_definition(neuron, currents):
    v, g, spikes = neuron.initial, 1.0, []
    for t, current in enumerate(currents):
        v = neuron.leak * v + current
        spikes.append(v >= g * neuron.thresholds[t])
        v -= g * neuron.resets[t] if spikes[-1] else 0.0
        g = neuron.growth * g if spikes[-1] else 1.0
    return spikes, v


@pytest.mark.parametrize(
    "neuron",
    [
        integrate_and_fire(40),
        integrate_and_fire(40, threshold=0.4, reset=1.0, initial=0.1),
        leaky(40, leak=0.9),
        Neuron(thresholds=tuple(math.exp(-t / 9) for t in range(40)), resets=(math.inf,) * 40),
        Neuron(thresholds=(0.125,) * 40, resets=(0.125,) * 40, growth=2.0),
        Neuron(thresholds=(0.125,) * 40, resets=(0.125,) * 40, growth=1.5),
    ],
)
def test_scan_is_the_equation(neuron):
    currents = torch.randn(40, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 0.5
    spikes, v = scan(neuron, currents)
    for unit in range(30):
        expected, last = by_definition(neuron, currents[:, unit].tolist())
        assert spikes[:, unit].tolist() == expected
        assert v[unit].item() == last or math.isclose(v[unit].item(), last)


def test_a_scan_in_two_parts_is_one_scan():
    neuron = integrate_and_fire(10)
    currents = torch.rand(10, 5, generator=torch.Generator().manual_seed(0))
    whole, last = scan(neuron, currents)
    first, v = scan(neuron, currents[:4])
    second, end = scan(neuron, currents[4:], v)
    assert torch.equal(torch.cat([first, second]), whole)
    assert torch.equal(end, last)


def test_a_silenced_neuron_stays_silent():
    neuron = Neuron(thresholds=(1.0, 0.5), resets=(math.inf, math.inf))
    assert neuron.fires_once
    v, fired, _ = step(neuron, torch.tensor([0.0]), 2.0, 0)
    assert fired.all()
    assert not step(neuron, v, 1e30, 1)[1].any()


def corrected(steps, threshold=1.0):
    floors, amount = (1 - threshold,) * steps, (1.0,) * steps
    options = {"thresholds": (threshold,) * steps, "resets": amount, "initial": threshold - 0.5}
    return Neuron(**options, floors=floors, refunds=amount, corrects=True)


def currents(steps, seed=0):
    """Multiples of 1/64, more of them below zero than above."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-96, 80, (steps, 400), generator=generator).double() / 64


@pytest.mark.parametrize("threshold", [1.0, 0.5])
def test_a_corrected_neuron_is_its_equation(threshold):
    neuron, x = corrected(20, threshold), currents(20)
    spikes, last = scan(neuron, x)
    for unit in range(50):
        v, m = neuron.initial, 0
        for t, current in enumerate(x[:, unit].tolist()):
            v += current
            s = 1 if v >= threshold else -1 if v < threshold - 1 and m > 0 else 0
            v, m = v - s, m + s
            assert spikes[t, unit] == s and m >= 0
        assert last[unit] == v


def test_what_a_corrected_neuron_sends_does_not_depend_on_the_order():
    """After enough quiet steps it has sent max(0, ⌊v₀ + Σ I⌋), whenever that came; a plain one has sent more."""
    x = torch.cat([currents(16), torch.zeros(40, 400)])
    due = (0.5 + x.sum(0)).floor().clamp_min(0)
    assert torch.equal(scan(corrected(56), x)[0].sum(0).double(), due)
    plain = scan(integrate_and_fire(56, initial=0.5), x)[0].sum(0).double()
    assert (plain >= due).all() and (plain > due).double().mean() > 0.3


def test_a_corrected_neuron_under_a_steady_drive_takes_nothing_back():
    drive = torch.arange(-96, 97).double() / 64
    found, _ = scan(corrected(30), drive.expand(30, -1))
    assert torch.equal(found.bool(), scan(integrate_and_fire(30, initial=0.5), drive.expand(30, -1))[0])


def test_a_neuron_without_floors_corrects_nothing():
    with pytest.raises(InputError, match=r"without floors.*Remedy"):
        Neuron(thresholds=(1.0,), resets=(1.0,), corrects=True)


def test_tables_of_unequal_length_are_refused():
    with pytest.raises(InputError, match="Remedy"):
        Neuron(thresholds=(1.0,), resets=())
