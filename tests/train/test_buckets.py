"""Gradients leave bucket by bucket while the backward pass goes on, each parameter's once."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import distributed, nn

from picojoule.train.buckets import Buckets, fill


@pytest.fixture
def alone():
    """A group of one process, in which a sum is the gradient itself."""
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def layers(count: int = 4) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(*(nn.Linear(6, 6) for _ in range(count)))


def backward(model: nn.Module, buckets: Buckets | None = None) -> dict[str, torch.Tensor | None]:
    model.zero_grad()
    if buckets:
        buckets.begin()
    model(torch.ones(2, 6)).square().sum().backward()
    if buckets:
        buckets.finish()
    return {name: each.grad for name, each in model.named_parameters()}


@pytest.mark.parametrize("size", [1, 150, 10**9])
def test_sums_are_the_gradients(alone, size):
    model = layers()
    expected = backward(model)
    buckets = Buckets(model.parameters(), size)
    assert len(buckets) == {1: 8, 150: 4, 10**9: 1}[size]
    for _ in range(2):
        found = backward(model, buckets)
        assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_a_bucket_leaves_before_the_backward_pass_is_over(alone, monkeypatch):
    """Last layers first, while earlier ones are still to come."""
    model, order = layers(), []
    real = distributed.all_reduce
    monkeypatch.setattr(distributed, "all_reduce", lambda *a, **k: order.append("sent") or real(*a, **k))

    def watch(number):
        def forward(layer, inputs, output) -> None:
            output.register_hook(lambda _: order.append(number))

        return forward

    for number, layer in enumerate(model):
        layer.register_forward_hook(watch(number))
    backward(model, Buckets(model.parameters(), 150))
    assert order == [3, "sent", 2, "sent", 1, "sent", 0, "sent"]


def test_what_has_no_gradient_stays_without(alone):
    model = layers()
    model.unused = nn.Linear(6, 6)
    model.frozen = nn.Parameter(torch.ones(3), requires_grad=False)
    buckets = Buckets(model.parameters(), 150)
    used = nn.Sequential(*list(model)[:4])
    used.zero_grad()
    buckets.begin()
    used(torch.ones(2, 6)).sum().backward()
    buckets.finish()
    assert model.unused.weight.grad is None and model.frozen.grad is None
    assert all(each.grad is not None for each in used.parameters())


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=12), st.integers(1, 400))
def test_every_parameter_is_in_one_bucket(shapes, size):
    made = [nn.Parameter(torch.zeros(n, dtype=torch.float64 if wide else torch.float32)) for n, wide in shapes]
    found = fill(made, size)
    assert [each for bucket in found for each in bucket] == list(reversed(made))
    for bucket in found:
        assert len({each.dtype for each in bucket}) == 1
        assert sum(each.numel() * each.element_size() for each in bucket[:-1]) < size
