"""Each surrogate is the derivative of its primitive, and what its docstring says."""

import math
from dataclasses import FrozenInstanceError

import numba
import numpy as np
import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.kernels.pulse import KINDS, PULSES, fill
from picojoule.neurons import Surrogate, surrogates
from picojoule.neurons.surrogates import SURROGATES

SQRT_PI = math.sqrt(math.pi)
FORMULAS = {
    "atan": lambda z, a: (a / 2) / (1 + (math.pi / 2 * a * z) ** 2),
    "sigmoid": lambda z, a: a / (1 + math.exp(-a * z)) * (1 - 1 / (1 + math.exp(-a * z))),
    "triangle": lambda z, a: a * max(0.0, 1 - a * abs(z)),
    "rectangle": lambda z, a: a * (a * abs(z) < 0.5),
    "fast-sigmoid": lambda z, a: 1 / (1 + a * abs(z)) ** 2,
    "gaussian": lambda z, a: a / SQRT_PI * math.exp(-((a * z) ** 2)),
    "exponential": lambda z, a: a / 2 * math.exp(-a * abs(z)),
    "straight-through": lambda z, a: a,
}
UNIT_AREA = ("atan", "sigmoid", "triangle", "rectangle", "gaussian", "exponential")
each = pytest.mark.parametrize("name", SURROGATES)


@numba.njit(error_model="numpy")
def filled(kind, u, threshold, k, h, d):
    fill(kind, u, threshold, k, h, d)


def points():
    """Away from the kinks."""
    return torch.linspace(-3, 3, 601, dtype=torch.float64) + 0.00137


@each
@pytest.mark.parametrize("alpha", [0.5, 1.0, 3.0])
def test_the_formula_of_the_docstring(name, alpha):
    expected = torch.tensor([FORMULAS[name](z, alpha) for z in points().tolist()], dtype=torch.float64)
    torch.testing.assert_close(SURROGATES[name](alpha).derivative(points()), expected, rtol=1e-12, atol=1e-14)


@each
def test_derivative_of_the_primitive_by_differences(name):
    surrogate, step = SURROGATES[name](), 1e-5
    slope = (surrogate.primitive(points() + step) - surrogate.primitive(points() - step)) / (2 * step)
    torch.testing.assert_close(surrogate.derivative(points()), slope, rtol=1e-5, atol=1e-7)


@each
def test_derivative_of_the_primitive_by_autograd(name):
    z = points().requires_grad_()
    surrogate = SURROGATES[name]()
    (slope,) = torch.autograd.grad(surrogate.primitive(z).sum(), z)
    torch.testing.assert_close(surrogate.derivative(z).detach(), slope, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", UNIT_AREA)
@pytest.mark.parametrize("alpha", [0.7, 2.0])
def test_a_step_in_all(name, alpha):
    """These primitives climb by 1, as the step does."""
    ends = SURROGATES[name](alpha).primitive(torch.tensor([-1e9, 1e9], dtype=torch.float64))
    assert (ends[1] - ends[0]).item() == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("pulse", PULSES)
def test_the_compiled_form_is_the_reference(pulse):
    u = torch.cat([torch.linspace(-90, 90, 4001), torch.tensor([0.5, 1.0, 1.5, 1e6, -1e30, torch.inf, -torch.inf])])
    surrogate = Surrogate(pulse=pulse, slope=1.25, height=0.7)
    d = np.empty(len(u), np.float32)
    filled(KINDS[pulse], u.numpy(), *map(np.float32, (1.0, 1.25, 0.7)), d)
    torch.testing.assert_close(torch.from_numpy(d), surrogate.derivative(u - 1.0), rtol=2e-6, atol=1e-12)


@pytest.mark.parametrize("pulse", PULSES)
def test_highest_at_the_threshold(pulse):
    surrogate = Surrogate(pulse=pulse, slope=2.0, height=0.7)
    z = torch.linspace(-4, 4, 101, dtype=torch.float64)
    assert surrogate.derivative(torch.zeros(1, dtype=torch.float64)).item() == pytest.approx(
        0.25 * 0.7 if pulse == "logistic" else 0.7
    )
    assert (surrogate.derivative(z) >= 0).all()
    torch.testing.assert_close(surrogate.derivative(z), surrogate.derivative(-z))


def test_scaled():
    z = points()
    torch.testing.assert_close(
        surrogates.triangle().scaled(0.3).derivative(z), 0.3 * surrogates.triangle().derivative(z)
    )


def test_values_are_frozen_and_equal_by_value():
    assert surrogates.atan(2.0) == surrogates.atan() != surrogates.atan(3.0)
    with pytest.raises(FrozenInstanceError):
        surrogates.atan().height = 1.0


@pytest.mark.parametrize("wrong", [{"pulse": "square"}, {"slope": 0.0}, {"slope": math.nan}, {"height": -1.0}])
def test_wrong_values_are_refused(wrong):
    with pytest.raises(InputError, match="Remedy"):
        Surrogate(**{"pulse": "box", "slope": 1.0, "height": 1.0} | wrong)


@each
def test_a_width_that_is_not_positive_is_refused(name):
    with pytest.raises(InputError, match="Remedy"):
        SURROGATES[name](-1.0)
