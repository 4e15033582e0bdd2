"""KL of paths and of starts against closed forms; a path without control costs exactly nothing."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from picojoule.sde import Brownian, control_cost, gaussian_kl, integrate

THETA, S = 1.2, 0.5


def path_kl(mean, prior_mean, *, n=4, steps=64, stop=2.0):
    """Of an Ornstein–Uhlenbeck process towards `mean` from one towards `prior_mean`, a sample."""
    path = Brownian(shape=(n, 1), seed=0, dtype=torch.float64)
    u = THETA * (mean - prior_mean) / S

    def control(t, z):
        return torch.full_like(z, u)

    return integrate(
        lambda t, z: THETA * (prior_mean - z) + S * control(t, z),
        lambda t, z: torch.full_like(z, S),
        torch.zeros(n, 1, dtype=torch.float64),
        (0.0, stop),
        path,
        longest=1 / steps,
        running=lambda t, z: control_cost(control(t, z)),
    )


def test_two_ornstein_uhlenbeck_processes():
    """½ T (θ (m_1 − m_2)/s)²: the drifts differ by a constant."""
    due = 0.5 * 2.0 * (THETA * 0.7 / S) ** 2
    assert torch.allclose(path_kl(0.9, 0.2).cost, torch.full((4,), due, dtype=torch.float64))


def test_a_control_that_depends_on_the_state():
    """Posterior −θ z, prior 0, both of noise s: KL = ½ ∫ (θ/s)² E z² dt, with E z² = s²/(2θ) (1 − e^{−2θt})."""
    n, stop = 20_000, 1.0
    path = Brownian(shape=(n, 1), seed=1, dtype=torch.float64)

    def control(t, z):
        return -THETA * z / S

    done = integrate(
        lambda t, z: S * control(t, z), lambda t, z: torch.full_like(z, S), torch.zeros(n, 1, dtype=torch.float64),
        (0.0, stop), path, longest=1 / 64, running=lambda t, z: control_cost(control(t, z)),
    )  # fmt: skip
    decay = torch.exp(torch.tensor(-2 * THETA * stop, dtype=torch.float64))
    due = THETA / 4 * (stop - (1 - decay) / (2 * THETA))
    assert float(done.cost.mean()) == pytest.approx(float(due), rel=0.05)


def test_no_control_no_divergence():
    assert not path_kl(0.2, 0.2).cost.any()


def test_starts():
    generator = torch.Generator().manual_seed(0)
    m, p = torch.randn(2, 5, 3, 4, generator=generator).double()
    s, q = torch.rand(2, 5, 3, 4, generator=generator).double() + 0.1
    due = kl_divergence(Normal(m, s), Normal(p, q)).flatten(1).sum(1)
    assert torch.allclose(gaussian_kl(m, s, p, q), due)
    assert not gaussian_kl(m, s, m, s).abs().gt(1e-12).any()
