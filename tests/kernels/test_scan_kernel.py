"""The compiled scan is the equation, and its torch twin is the same."""

import numpy as np
import pytest
import torch

from picojoule.codes import Rate
from picojoule.kernels.scan import Tables, scan, scan_reference
from picojoule.neurons import Neuron, integrate_and_fire, step
from picojoule.neurons import scan as neuron_scan


def problem(n, steps=9, batch=3, seed=0, dtype=torch.float32, shared=True):
    """Multiples of 1/64, so that every sum is exact."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randint(-64, 128, shape, generator=generator).to(dtype) / 64

    share = np.tile([1.0, 0.0, 0.5], 3)[:steps]
    tables = Tables.unsigned(*(np.asarray(t, np.float32) for t in ([1.0] * steps, [1.0] * steps, [0.5] * steps, share)))
    weights = np.arange(n, dtype=np.int64)
    return draw(steps, batch, n), draw(1 if shared else batch, n), tables, 1.0, draw(batch, n), weights


@pytest.mark.parametrize("n", [1, 5, 1023, 1024, 2500])
@pytest.mark.parametrize("shared", [True, False])
def test_compiled_equals_reference(n, shared):
    expected, v, counts = scan_reference(*problem(n, shared=shared))
    emitted, potential, fired = scan(*problem(n, shared=shared))
    assert torch.equal(emitted, expected) and torch.equal(potential, v)
    assert all((mine == theirs).all() for mine, theirs in zip(fired, counts, strict=True))
    assert fired.spikes.sum() == int((emitted != 0).sum()) > 0


def test_reference_is_the_neuron():
    drive, constant, tables, leak, v, weights = problem(40, dtype=torch.float64)
    neuron = integrate_and_fire(9)
    currents = drive + torch.as_tensor(tables.shares).view(-1, 1, 1) * constant
    spikes, last = neuron_scan(neuron, currents, v.clone())
    emitted, potential, _ = scan(drive, constant, tables, leak, v, weights)
    assert torch.equal(emitted, spikes * 0.5) and torch.equal(potential, last)


def test_a_leak_is_applied_before_the_current():
    drive, constant, tables, _, v, weights = problem(40)
    expected, _, _ = scan_reference(drive, constant, tables, 0.5, v, weights)
    emitted, _, _ = scan(drive.clone(), constant, tables, 0.5, v.clone(), weights)
    assert torch.equal(emitted, expected)
    assert not torch.equal(expected, scan_reference(drive, constant, tables, 1.0, v, weights)[0])


def test_time_in_two_parts_is_time_in_one():
    drive, constant, tables, leak, v, weights = problem(300)
    whole, end, _ = scan(drive.clone(), constant, tables, leak, v.clone(), weights)
    first, middle, _ = scan(drive[:4].clone(), constant, tables.part(0, 4), leak, v.clone(), weights)
    second, last, _ = scan(drive[4:].clone(), constant, tables.part(4, 9), leak, middle, weights)
    assert torch.equal(torch.cat([first, second]), whole) and torch.equal(last, end)


@pytest.mark.parametrize("growth", [2.0, 1.5])
@pytest.mark.parametrize("n", [5, 1024, 2500])
def test_the_scan_of_two_states(n, growth):
    """Compiled, in plain torch and by the neuron's own equation, from a significance that is not 1, in two blocks."""
    ends = []
    for kernel in (scan, scan_reference):
        drive, constant, tables, leak, v, weights = problem(n)
        g = torch.where(torch.arange(3 * n).view(3, n) % 3 == 0, growth, 1.0)
        parts = []
        for now in (slice(0, 4), slice(4, 9)):
            given = drive[now].clone(), constant, tables.part(now.start, now.stop), leak, v, weights
            emitted, v, counts = kernel(*given, growth=growth, g=g)
            parts.append((emitted, counts))
        ends.append((torch.cat([emitted for emitted, _ in parts]), v, g, sum(counts.spikes for _, counts in parts)))
    (mine, v, g, spikes), (theirs, *rest) = ends
    assert torch.equal(mine, theirs) and torch.equal(v, rest[0]) and torch.equal(g, rest[1])
    assert (spikes == rest[2]).all() and len(mine.unique()) > 2

    drive, constant, tables, _, v, _ = problem(n)
    neuron, g = Neuron(thresholds=(1.0,) * 9, resets=(1.0,) * 9, growth=growth), torch.ones_like(v)
    g[torch.arange(3 * n).view(3, n) % 3 == 0] = growth
    for t, emitted in enumerate(mine):
        before = g
        v, fired, g = step(neuron, v, drive[t] + float(tables.shares[t]) * constant, t, g)
        assert torch.equal(emitted, 0.5 * before * fired)


@pytest.mark.parametrize("n", [5, 1024, 2500])
def test_the_scan_of_corrected_neurons(n):
    """Compiled, in plain torch and by the neuron's own equation, from counts that are not 0, in two blocks."""
    neuron = Rate(steps=9, corrected=True).neuron()
    ends = []
    for kernel in (scan, scan_reference):
        drive, constant, tables, leak, v, weights = corrected_problem(n)
        m, parts = torch.arange(3 * n).view(3, n).remainder(3).float(), []
        for now in (slice(0, 4), slice(4, 9)):
            given = drive[now].clone(), constant, tables.part(now.start, now.stop), leak, v, weights
            emitted, v, counts = kernel(*given, corrects=True, g=m)
            parts.append((emitted, counts))
        ends.append((torch.cat([emitted for emitted, _ in parts]), v, m, sum(counts.spikes for _, counts in parts)))
    (mine, v, m, spikes), (theirs, *rest) = ends
    assert torch.equal(mine, theirs) and torch.equal(v, rest[0]) and torch.equal(m, rest[1])
    assert (spikes == rest[2]).all() and set(mine.unique().tolist()) == {-0.5, 0.0, 0.5}

    drive, constant, tables, _, v, _ = corrected_problem(n)
    m = torch.arange(3 * n).view(3, n).remainder(3).float()
    for t, emitted in enumerate(mine):
        v, fired, m = step(neuron, v, drive[t] + float(tables.shares[t]) * constant, t, m)
        assert torch.equal(emitted, 0.5 * fired)


def corrected_problem(n):
    """Drives of which more are below zero than above."""
    drive, constant, tables, leak, v, weights = problem(n)
    one, none = np.ones(9, np.float32), np.zeros(9, np.float32)
    return drive - 1, constant, tables._replace(floors=none, refunds=one, debits=-one / 2), leak, v, weights
