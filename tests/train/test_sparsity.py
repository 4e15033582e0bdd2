"""The sparsity penalty and its measure."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from picojoule.base.errors import InputError
from picojoule.data.vision import Images
from picojoule.train.sparsity import activity, outputs_of, scaled_l1


def images(pixels: torch.Tensor) -> Images:
    return Images(images=pixels, labels=torch.zeros(len(pixels)).long())


def test_outputs_are_collected_and_the_hooks_removed() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 4), nn.ReLU()))
    with outputs_of(model) as outputs:
        model(torch.ones(5, 2))
    assert {name: tuple(a.shape) for name, a in outputs.items()} == {"1": (5, 3), "2.1": (5, 4)}
    model(torch.ones(7, 2))
    assert len(outputs["1"]) == 5
    assert not model[1]._forward_hooks


def test_a_network_without_relu_is_an_error() -> None:
    with pytest.raises(InputError, match=r"Linear: it has no nn\.ReLU.*Remedy"), outputs_of(nn.Linear(1, 1)):
        pass


@given(active=st.integers(1, 100), height=st.floats(0.01, 100))
def test_penalty_of_a_layer_active_at_one_height_is_the_root_of_its_fraction(active: int, height: float) -> None:
    a = torch.zeros(100)
    a[:active] = height
    assert scaled_l1({"a": a}) == pytest.approx((active / 100) ** 0.5, rel=1e-4)


def test_penalty_pulls_down_what_is_active_only() -> None:
    a = torch.tensor([0.0, 1.0, 3.0], requires_grad=True)
    scaled_l1({"a": a.relu()}).backward()
    assert a.grad.tolist() == pytest.approx([0, 1 / (3 * (10 / 3) ** 0.5), 1 / (3 * (10 / 3) ** 0.5)])


def test_a_silent_layer_costs_nothing_and_breaks_nothing() -> None:
    a = torch.zeros(4, requires_grad=True)
    penalty = scaled_l1({"a": a.relu(), "b": torch.ones(4)})
    penalty.backward()
    assert penalty == 0.5
    assert torch.isfinite(a.grad).all()


def test_activity_counts_what_is_above_two_per_cent_of_the_largest() -> None:
    pixels = torch.linspace(0, 1, 10_000).view(100, 1, 10, 10)
    result = activity(nn.Sequential(nn.ReLU()), images(pixels))
    assert result.overall == pytest.approx(0.98, abs=2e-4)
    assert result.layers["0"] == pytest.approx(result.overall)
