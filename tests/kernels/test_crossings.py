"""Events of changing intensity: the compiled form is the reference, event for event, and both are right."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from picojoule.kernels.crossings import crossings, crossings_reference

FORMS = {"compiled": crossings, "reference": crossings_reference}


@given(
    seed=st.integers(0, 10**6), samples=st.integers(2, 12), pixels=st.integers(1, 20), wander=st.sampled_from([0, 0.1]),
    refractory=st.sampled_from([0.0, 137.0, 2500.0]), step=st.sampled_from([0.1, 0.7]),
)  # fmt: skip
def test_both_forms_are_the_same(seed, samples, pixels, wander, refractory, step):
    generator = torch.Generator().manual_seed(seed)
    levels = (step * torch.randn(samples, pixels, generator=generator, dtype=torch.float64)).cumsum(0)
    times = torch.rand(samples, generator=generator, dtype=torch.float64).add(0.01).cumsum(0) * 1000
    noise = wander * torch.randn(samples - 1, pixels, generator=generator, dtype=torch.float64) if wander else None
    given = (levels, times, (0.2, 0.3), refractory, noise)
    for one, other in zip(crossings(*given), crossings_reference(*given), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("height", "c"), [(1.0, 0.3), (2.05, 0.1), (0.29, 0.3), (-1.0, 0.3)])
def test_a_ramp(form, height, c):
    """⌊h/C⌋ events of one sign at equal spacing, whatever the samples along the ramp."""
    for samples in (2, 5, 50):
        times = torch.linspace(0, 1_000_000, samples, dtype=torch.float64)
        levels = (times / 1_000_000 * height)[:, None]
        pixel, polarity, time = FORMS[form](levels, times, (c, c), 0.0, None)
        number = int(abs(height) / c)
        assert len(time) == number and (polarity == (height > 0)).all() and (pixel == 0).all()
        due = torch.arange(1, number + 1).double() * c / abs(height) * 1_000_000
        assert (time - due).abs().max() <= 0.5 if number else True


@pytest.mark.parametrize("form", FORMS)
def test_the_refractory_time_is_exact(form):
    """Events every 100 µs; those closer than the limit to the last one that was sent are dropped, and only those."""
    times = torch.tensor([0.0, 1000.0], dtype=torch.float64)
    levels = torch.tensor([[0.0], [10.0 + 1e-9]], dtype=torch.float64)
    for limit, every in ((99.0, 1), (101.0, 2), (199.0, 2), (201.0, 3)):
        time = FORMS[form](levels, times, (1.0, 1.0), limit, None)[2]
        assert time.tolist() == list(range(100, 1001, 100 * every))


@pytest.mark.parametrize("form", FORMS)
def test_the_level_moves_though_the_event_is_dropped(form):
    """After a steep rise in the dead time the way back begins at the last level."""
    times = torch.tensor([0.0, 100.0, 10_000.0], dtype=torch.float64)
    levels = torch.tensor([[0.0], [1.05], [0.0]], dtype=torch.float64)
    _, polarity, _ = FORMS[form](levels, times, (0.5, 0.5), 1_000.0, None)
    assert polarity.tolist() == [1, 0, 0]


@pytest.mark.parametrize("form", FORMS)
def test_nothing_moves_nothing_fires(form):
    assert all(
        not len(each) for each in FORMS[form](torch.zeros(3, 4).double(), torch.arange(3).double(), (0.1, 0.1), 0, None)
    )


def test_few_events_in_a_long_time_are_sorted_too():
    times = torch.tensor([0.0, 1e9], dtype=torch.float64)
    levels = torch.tensor([[0.0, 0.0], [0.5, 0.9]], dtype=torch.float64)
    pixel, _, time = crossings(levels, times, (0.2, 0.2), 0.0, None)
    assert (time.diff() >= 0).all() and pixel.tolist() == [1, 0, 1, 1, 0, 1][: len(pixel)] and len(pixel) == 6
