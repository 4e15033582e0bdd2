"""The scan does what its equation says."""

import math

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.neurons import Neuron, integrate_and_fire, leaky, scan, step


def by_definition(neuron, currents):
    v, spikes = neuron.initial, []
    for t, current in enumerate(currents):
        v = neuron.leak * v + current
        spikes.append(v >= neuron.thresholds[t])
        v -= neuron.resets[t] if spikes[-1] else 0.0
    return spikes, v


@pytest.mark.parametrize(
    "neuron",
    [
        integrate_and_fire(40),
        integrate_and_fire(40, threshold=0.4, reset=1.0, initial=0.1),
        leaky(40, leak=0.9),
        Neuron(thresholds=tuple(math.exp(-t / 9) for t in range(40)), resets=(math.inf,) * 40),
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


def test_tables_of_unequal_length_are_refused():
    with pytest.raises(InputError, match="Remedy"):
        Neuron(thresholds=(1.0,), resets=())
