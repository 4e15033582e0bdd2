"""Conversions between the forms of a spike train are exact, or an error."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import InputError
from picojoule.spikes import Raster, Times


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 6))
def test_round_trips(seed, steps, units):
    generator = torch.Generator().manual_seed(seed)
    raster = Raster(torch.rand(steps, units, 2, generator=generator) > 0.6)
    assert torch.equal(raster.events().raster().spikes, raster.spikes)
    times = Times(torch.randint(0, steps + 1, (units, 2), generator=generator), steps)
    assert torch.equal(times.raster().times().first, times.first)
    assert torch.equal(times.events().times().first, times.first)
    assert torch.equal(times.events().t, times.raster().events().t)
    assert torch.equal(times.events().unit, times.raster().events().unit)


def test_two_spikes_are_no_single_time():
    raster = Raster(torch.tensor([[True], [True]]))
    with pytest.raises(InputError, match=r"more than once.*Remedy"):
        raster.times()
    assert raster.first_times().first.tolist() == [0]
