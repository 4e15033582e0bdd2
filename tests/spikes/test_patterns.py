"""Gaps, bursts, rate and regularity of rasters, by brute force and on processes whose law is known."""

from itertools import pairwise

import pytest
import torch

from picojoule.spikes import Raster
from picojoule.spikes.patterns import gamma_shape, gaps, pattern, places


def raster(text: str) -> Raster:
    """Neurons as words of bars (a spike) and dots."""
    return Raster(torch.tensor([[letter == "|" for letter in word] for word in text.split()]).T)


def test_gaps_and_places_by_hand():
    some = raster("||.|...| ........ |.|.|||. ||||||||")
    assert gaps(some).tolist() == [0, 1 + 2 + 7, 1 + 2, 0, 1, 0, 0, 0]
    assert places(some).tolist() == [3 + 3 + 1, 1 + 1 + 1, 1 + 1, 1, 1, 1, 1, 1]


def test_gaps_and_places_by_brute_force():
    spikes = torch.rand(40, 3, 5, generator=torch.Generator().manual_seed(0)) < 0.4
    by_hand, runs = torch.zeros(40, dtype=torch.long), torch.zeros(40, dtype=torch.long)
    for neuron in spikes.flatten(1).T:
        times = neuron.nonzero()[:, 0].tolist()
        for before, after in pairwise(times):
            by_hand[after - before] += 1
        place = 0
        for fired in neuron.tolist():
            runs[place] += fired
            place = place + 1 if fired else 0
    assert torch.equal(gaps(Raster(spikes)), by_hand) and torch.equal(places(Raster(spikes)), runs)
    assert int(places(Raster(spikes)).sum()) == int(spikes.sum())


@pytest.mark.parametrize("shape", [0.5, 1.0, 4.0, 30.0])
def test_the_shape_of_a_gamma_law_is_found(shape):
    drawn = torch.distributions.Gamma(torch.tensor(shape).double(), torch.tensor(1.0).double())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        lengths = drawn.sample((200_000,))
    found = gamma_shape((lengths.mean().log() - lengths.log().mean())[None])
    assert float(found) == pytest.approx(shape, rel=0.02)


def test_clocks_are_regular_and_bursts_are_not():
    clock = Raster((torch.arange(120) % 4 == 0)[:, None].expand(-1, 3))
    bursts = Raster((torch.arange(120) % 30 < 5)[:, None].expand(-1, 3))
    generator = torch.Generator().manual_seed(0)
    drawn = Raster(torch.rand(4000, 20, generator=generator) < 0.02)
    found = [pattern(each) for each in (bursts, drawn, clock)]
    assert [each.neurons for each in found] == [3, 20, 3]
    assert found[0].log_regularity < found[1].log_regularity < 0.3 < found[2].log_regularity
    assert abs(found[1].log_regularity) < 0.1
    assert found[2].log_rate == pytest.approx(torch.tensor(0.25).log10().item(), abs=1e-6)


def test_silence_has_no_pattern():
    assert pattern(Raster(torch.zeros(20, 4, dtype=torch.bool))) is None
    assert int(gaps(Raster(torch.zeros(20, 4, dtype=torch.bool))).sum()) == 0
