"""Herders: what they emit in all is a rounding, and whole numbers do as fractions do."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from picojoule.neurons.herder import rectified, rectified_total, signed, signed_total

FINE = 64
drives = st.lists(st.integers(-200, 200), min_size=1, max_size=12)


def emitted(step, phi, u):
    s = torch.zeros_like(phi)
    for each in u:
        herded = step(phi, each)
        s, phi = s + herded.s, herded.phi
    return s, phi


@given(phi=st.integers(-32, 32), u=drives)
def test_a_signed_herder_rounds(phi, u):
    start, u = torch.tensor([phi / FINE]), torch.tensor(u)[:, None] / FINE
    s, left = emitted(signed, start, u)
    assert torch.equal(s, start + u.sum(0) - left)
    assert left.abs() <= 0.5
    if (2 * left).abs() != 1:
        assert torch.equal(s, signed_total(start + u.sum(0)))


@given(phi=st.integers(-32, 32), u=drives)
def test_a_rectified_herder_is_the_running_maximum(phi, u):
    start, u = torch.tensor([phi / FINE]), torch.tensor(u)[:, None] / FINE
    s, left = emitted(rectified, start, u)
    assert torch.equal(s, rectified_total(u, start))
    assert left <= 0.5 and s >= 0


def test_the_running_maximum_is_not_the_rounding_of_the_sum():
    u = torch.tensor([[2.0], [-2.0]])
    assert emitted(rectified, torch.zeros(1), u)[0] == 2
    assert signed_total(u.sum(0)) == 0


@given(phi=st.integers(-500, 500), u=drives, half=st.integers(1, 60))
def test_whole_numbers_do_as_fractions_do(phi, u, half):
    q = 2 * half
    whole, fractions = torch.tensor([phi], dtype=torch.int32), torch.tensor([phi], dtype=torch.float64)
    for step in (signed, rectified):
        a, left = emitted(lambda v, x, step=step: step(v, x, q), whole, torch.tensor(u, dtype=torch.int32)[:, None])
        b, rest = emitted(lambda v, x, step=step: step(v, x, float(q)), fractions, torch.tensor(u).double()[:, None])
        assert a.dtype == torch.int32 and torch.equal(a.double(), b) and torch.equal(left.double(), rest)


def test_half_a_quantum_does_not_fire():
    phi = torch.tensor([0.5, -0.5, 0.51, -1.5, 1.5])
    assert torch.equal(signed(phi, 0.0).s, torch.tensor([0.0, 0.0, 1.0, -1.0, 1.0]))
    assert torch.equal(rectified(phi, 0.0).s, torch.tensor([0.0, 0.0, 1.0, 0.0, 1.0]))
