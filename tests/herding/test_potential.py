"""The family of backward potentials: what each does to a back-propagated error."""

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.herding import BackwardPotential
from picojoule.neurons.herder import signed, signed_total

ERRORS = torch.tensor([0.0, 0.1, -0.3, 0.45, 0.9, -1.7, 2.2])


def test_zero_rounds_and_loses_what_is_below_half():
    start = BackwardPotential.zero().draw(1, 7, 0)
    assert torch.equal(signed_total(ERRORS + start[0]), torch.tensor([0.0, 0, 0, 0, 1, -2, 2]))


def test_uniform_is_unbiased_and_has_the_variance_of_stochastic_rounding():
    torch.manual_seed(0)
    n = 40_000
    rounded = signed_total(ERRORS + BackwardPotential.uniform(0.5).draw(n, 7, 0))
    part = ERRORS - ERRORS.floor()
    torch.testing.assert_close(rounded.mean(0), ERRORS, atol=4 * 0.5 / n**0.5, rtol=0)
    torch.testing.assert_close(rounded.var(0), part * (1 - part), atol=0.01, rtol=0)


def test_half_of_it_has_a_dead_zone():
    torch.manual_seed(0)
    rounded = signed_total(ERRORS + BackwardPotential.uniform(0.25).draw(1000, 7, 0))
    assert (rounded[:, ERRORS.abs() < 0.25] == 0).all()
    assert rounded[:, 3].mean() > 0


def test_carry_loses_nothing_in_the_long_run():
    """Sigma-delta: after any number of samples, what was emitted is within half a quantum of the sum of errors."""
    phi, emitted = torch.zeros(7), torch.zeros(7)
    for k in range(1, 50):
        herded = signed(phi, ERRORS)
        emitted, phi = emitted + herded.s, BackwardPotential.carry().keep * herded.phi
        assert ((emitted - k * ERRORS).abs() <= 0.5 + 1e-4).all()


def test_the_schedule_shrinks():
    torch.manual_seed(0)
    early, late = (BackwardPotential.schedule(0.5, 0.5).draw(500, 2, epoch).abs().max() for epoch in (0, 3))
    assert 0.45 < early <= 0.5 and 0.055 < late <= 0.0625


def test_the_normal_one_has_its_deviation():
    torch.manual_seed(0)
    assert float(BackwardPotential.normal().draw(5000, 2, 0).std()) == pytest.approx(0.29, rel=0.03)


def test_what_draws_nothing_leaves_the_generator_alone():
    before = torch.get_rng_state()
    BackwardPotential.carry().draw(5, 5, 0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("wrong", [{"keep": 1.1}, {"scale": -1.0}, {"law": "cauchy"}, {"decay": 2.0}])
def test_wrong_members_are_refused(wrong):
    with pytest.raises(InputError, match=r"BackwardPotential: .*Remedy: keep and decay from 0 to 1"):
        BackwardPotential(**wrong)
