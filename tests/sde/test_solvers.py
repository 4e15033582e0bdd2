"""Solvers against closed forms, their measured orders of convergence, and torchsde on the same path."""

from functools import partial
from math import exp, sqrt

import numpy as np
import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.sde import SOLVERS, Brownian, Still, integrate

MU, SIGMA = 0.5, 0.8
STEPS = (4, 8, 16, 32, 64)
KINDS = {name: solver.kind for name, solver in SOLVERS.items()}


def drift(t, z):
    return MU * z


def diffusion(t, z):
    return SIGMA * z


def geometric(kind, w):
    """The solution of dz = μ z dt + σ z dW at t = 1."""
    return np.exp((MU - (SIGMA**2 / 2 if kind == "ito" else 0.0)) + SIGMA * w)


def end(solver, steps, path, n):
    start = torch.ones(n, dtype=torch.float64)
    done = integrate(drift, diffusion, start, (0.0, 1.0), path, solver=solver, longest=1 / steps, kind=KINDS[solver])
    return done.states[-1]


def slope(errors):
    return -np.polyfit(np.log(STEPS), np.log(errors), 1)[0]


@pytest.mark.parametrize("solver", SOLVERS)
def test_strong_order(solver):
    n = 2000
    path = Brownian(shape=(n,), seed=0, dtype=torch.float64)
    exact = geometric(KINDS[solver], path.increment(0, 1).numpy())
    errors = [np.abs(end(solver, steps, path, n).numpy() - exact).mean() for steps in STEPS]
    assert slope(errors) == pytest.approx(SOLVERS[solver].strong, abs=0.15)


def weak_error(solver, steps):
    """|E z − E exact| of a two-point noise whose mean over all paths is known without drawing: E z_{k+1} = m·E z_k.

    The mean factor of a step is the step's own, averaged over ΔW by Gauss–Hermite quadrature.
    """
    dt = 1 / steps
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    dw = torch.from_numpy(nodes * sqrt(dt))
    after = SOLVERS[solver].step(drift, diffusion, 0.0, torch.ones(20, dtype=torch.float64), dt, dw).numpy()
    mean = float((weights * after).sum() / weights.sum()) ** steps
    return abs(mean - exp(MU + (0.0 if KINDS[solver] == "ito" else SIGMA**2 / 2)))


@pytest.mark.parametrize("solver", SOLVERS)
def test_weak_order(solver):
    """The equation is linear, so the mean of a step's factor is all there is to it."""
    assert slope([weak_error(solver, steps) for steps in STEPS]) == pytest.approx(1.0, abs=0.15)


def test_a_broken_solver_would_be_caught():
    """Milstein without its bracket is Euler's method, and its strong order tells."""
    n = 2000
    path = Brownian(shape=(n,), seed=0, dtype=torch.float64)
    exact = geometric("ito", path.increment(0, 1).numpy())
    errors = [np.abs(end("euler", steps, path, n).numpy() - exact).mean() for steps in STEPS]
    assert abs(slope(errors) - SOLVERS["milstein"].strong) > 0.3


@pytest.mark.parametrize("solver", SOLVERS)
def test_ornstein_uhlenbeck(solver):
    """Mean m + (z_0 − m) e^{−θt}, variance s²/(2θ) (1 − e^{−2θt})."""
    theta, m, s, start, stop, n = 1.5, 0.7, 0.4, -1.0, 1.25, 40_000
    path = Brownian(shape=(n,), seed=4, dtype=torch.float64)
    z = integrate(
        lambda t, z: theta * (m - z), lambda t, z: torch.full_like(z, s), torch.full((n,), start, dtype=torch.float64),
        (0.0, stop), path, solver=solver, longest=1 / 64, kind=KINDS[solver],
    ).states[-1]  # fmt: skip
    mean = m + (start - m) * exp(-theta * stop)
    variance = s**2 / (2 * theta) * (1 - exp(-2 * theta * stop))
    assert float(z.mean()) == pytest.approx(mean, abs=5 * sqrt(variance / n) + 0.01)
    assert float(z.var()) == pytest.approx(variance, rel=0.04)


@pytest.mark.parametrize("solver", ["euler", "milstein", "heun"])
def test_refining_the_times_asked_for_leaves_old_points(solver):
    """Where the steps are the same, more of the times along the way change nothing."""
    path = Brownian(shape=(7,), seed=2, dtype=torch.float64)
    ask = partial(
        integrate, drift, diffusion, torch.ones(7, dtype=torch.float64), path=path, solver=solver, longest=1 / 8,
        kind=KINDS[solver],
    )  # fmt: skip
    coarse, fine = ask((0.0, 0.5, 1.0)).states, ask(tuple(k / 8 for k in range(9))).states
    assert torch.equal(coarse, fine[::4])


def test_torchsde_agrees():
    torchsde = pytest.importorskip("torchsde")

    class Equation:
        noise_type = "diagonal"

        def __init__(self, kind):
            self.sde_type = kind

        def f(self, t, z):
            return torch.sin(z) - t * z

        def g(self, t, z):
            return 0.3 + 0.2 * torch.cos(z)

    class Ours:
        """Our path in torchsde's words."""

        def __init__(self, path):
            self.path, self.shape, self.dtype, self.device = path, (5, 3), torch.float64, "cpu"

        levy_area_approximation = "none"

        def __call__(self, a, b=None, return_U=False, return_A=False):
            return self.path.increment(float(a), float(b))

    start = torch.linspace(-1, 1, 15, dtype=torch.float64).view(5, 3)
    path = Brownian(shape=(5, 3), seed=1, dtype=torch.float64)
    times = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    for name, kind, options, tolerance in (
        ("euler", "ito", {}, 1e-12),
        ("milstein", "ito", {"grad_free": True}, 1e-2),
        ("heun", "stratonovich", {}, 1e-12),
    ):
        equation = Equation(kind)
        due = torchsde.sdeint(equation, start, times, bm=Ours(path), method=name, dt=1 / 16, options=options)
        ours = integrate(
            lambda t, z, e=equation: e.f(t, z), lambda t, z, e=equation: e.g(t, z), start, times.tolist(), path,
            solver=name, longest=1 / 16, kind=kind,
        )  # fmt: skip
        assert torch.allclose(ours.states, due, atol=tolerance), name


def test_wrong_input_is_refused():
    path, z = Still(shape=(2,)), torch.zeros(2)
    with pytest.raises(InputError, match="there is no solver 'rk4'"):
        integrate(drift, diffusion, z, (0.0, 1.0), path, solver="rk4")
    with pytest.raises(InputError, match="heun solves the stratonovich equation, not the ito one"):
        integrate(drift, diffusion, z, (0.0, 1.0), path, solver="heun")
    for times, longest in (((0.0, 1.0, 0.5), 1.0), ((), 1.0), ((0.0, 1.0), 0.0)):
        with pytest.raises(InputError, match="give rising times"):
            integrate(drift, diffusion, z, times, path, longest=longest)
