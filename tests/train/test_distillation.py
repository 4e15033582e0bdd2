"""Distillation against its definition."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

import picojoule as pj
from picojoule.base.errors import InputError
from picojoule.train.distillation import distillation, summed

TEMPERATURES = st.floats(0.5, 20)


class Says(nn.Module):
    def __init__(self, outputs: torch.Tensor) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, _x: torch.Tensor) -> torch.Tensor:
        return self.outputs


def outputs(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(teacher=TEMPERATURES, student=TEMPERATURES, weight=st.floats(0, 1))
def test_the_gradient_is_that_of_the_equation(teacher, student, weight):
    z_T, z_S, y = outputs(6, 5), outputs(6, 5, seed=1).requires_grad_(), torch.arange(6) % 5
    given = {"temperature": teacher, "student_temperature": student, "weight": weight}
    (found,) = torch.autograd.grad(distillation(Says(z_T), **given)(Says(z_S), z_T, y), z_S)
    soft = teacher * ((z_S / student).softmax(1) - (z_T / teacher).softmax(1)) / 6
    (hard,) = torch.autograd.grad(cross_entropy(z_S, y), z_S)
    assert torch.allclose(found, weight * soft + (1 - weight) * hard, atol=1e-9)


def test_the_best_student_gives_the_teachers_outputs_times_the_ratio_of_temperatures():
    z_T = outputs(6, 5)
    loss = distillation(Says(z_T), temperature=4, student_temperature=1)
    at = {scale: float(loss(Says(scale * z_T + 3), z_T, None)) for scale in (0.15, 0.25, 0.35)}
    assert min(at, key=at.get) == 0.25 and at[0.25] == pytest.approx(0, abs=1e-12)


def test_steps_are_summed_or_compared_one_by_one():
    z, z_T = outputs(8, 6, 5), outputs(6, 5, seed=1)
    assert torch.equal(summed(z), z.sum(0)) and torch.equal(summed(z_T), z_T)
    whole = distillation(Says(z_T), temperature=2)
    assert whole(Says(z), z_T, None) == whole(Says(z.sum(0)), z_T, None)
    each = distillation(Says(z_T), temperature=2, per_step=True)(Says(z), z_T, None)
    assert each == pytest.approx(float(torch.stack([whole(Says(8 * one), z_T, None) for one in z]).mean()))


def test_a_network_may_teach():
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)).eval(), torch.rand(5, 4)
    taught = [distillation(each)(Says(torch.zeros(5, 3)), x, None) for each in (model, pj.trace(model, x))]
    assert torch.allclose(*taught)


@pytest.mark.parametrize(
    "wrong", [{"temperature": 0}, {"student_temperature": -1}, {"weight": 1.5}], ids=lambda each: next(iter(each))
)
def test_wrong_settings(wrong):
    with pytest.raises(InputError, match="Remedy"):
        distillation(nn.Identity(), **wrong)
