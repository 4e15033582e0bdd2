"""LARS: its equation by hand, its sameness at every scale of the gradient, and runs that go on bit for bit."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from picojoule.base.errors import InputError
from picojoule.data.vision import synthetic
from picojoule.train import Shuffled, fit
from picojoule.train.lars import Lars, local_rate
from picojoule.train.schedule import cosine, warm_up


def stepped(w, gradients, **options):
    """A parameter after steps with these gradients."""
    parameter = nn.Parameter(torch.as_tensor(w, dtype=torch.float64).clone())
    optimiser = Lars([parameter], **options)
    for g in gradients:
        parameter.grad = torch.as_tensor(g, dtype=torch.float64).clone()
        optimiser.step()
    return parameter.detach().numpy()


def test_the_equation_by_hand():
    """‖w‖ = 5, ‖g‖ = 10, β = 0.5: λ = 0.01·5/(10 + 2.5) = 0.004, so w − 2·0.004·(g + w/2)."""
    found = stepped([[3.0, 4.0]], [[[6.0, 8.0]]], lr=2.0, trust=0.01, momentum=0.0, weight_decay=0.5)
    assert found == pytest.approx(np.array([[3 - 0.008 * 7.5, 4 - 0.008 * 10.0]]))


def test_momentum_keeps_what_the_rate_was():
    rng = np.random.default_rng(0)
    w, gradients = rng.normal(size=(3, 4)), rng.normal(size=(5, 3, 4))
    options = {"lr": 0.7, "trust": 0.02, "momentum": 0.9, "weight_decay": 0.1}
    expected, v = w.copy(), np.zeros_like(w)
    for g in gradients:
        norm = np.linalg.norm(expected)
        rate = 0.02 * norm / (np.linalg.norm(g) + 0.1 * norm)
        v = 0.9 * v + 0.7 * rate * (g + 0.1 * expected)
        expected = expected - v
    assert stepped(w, gradients, **options) == pytest.approx(expected)


def test_the_scale_of_a_gradient_does_not_matter():
    w, g = torch.randn(4, 4, dtype=torch.float64), torch.randn(4, 4, dtype=torch.float64)
    small, large = (stepped(w, [scale * g], lr=1.0) for scale in (1e-3, 1e3))
    assert small == pytest.approx(large)
    assert float((torch.from_numpy(small) - w).norm() / w.norm()) == pytest.approx(0.001)


def test_biases_go_by_plain_sgd():
    bias, gradients = torch.randn(5, dtype=torch.float64), torch.randn(3, 5, dtype=torch.float64)
    plain = nn.Parameter(bias.clone())
    sgd = torch.optim.SGD([plain], lr=0.3, momentum=0.9)
    for g in gradients:
        plain.grad = g
        sgd.step()
    assert stepped(bias, gradients, lr=0.3, weight_decay=0.5) == pytest.approx(plain.detach().numpy())


def test_zeros_move():
    assert (stepped(torch.zeros(2, 2), [torch.ones(2, 2)], lr=0.1) == -0.1).all()
    assert (stepped(torch.ones(2, 2), [torch.zeros(2, 2)], lr=0.1) == 1).all()
    assert local_rate(torch.zeros(2, 2), torch.zeros(2, 2), trust=1.0, weight_decay=0.0) == 1


def test_a_run_with_lars_goes_on_bit_for_bit(tmp_path):
    def network():
        torch.manual_seed(1)
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

    def loss(model, x, y):
        return nn.functional.cross_entropy(model(x), y)

    def dying(model, x, y, left=[8]):  # noqa: B006
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return loss(model, x, y)

    source = Shuffled(samples=synthetic.load(train=60, test=10).train, size=12)
    how = {
        "epochs": 3,
        "optimiser": partial(Lars, lr=1.0, trust=0.05),
        "schedule": partial(warm_up, rise=0.3, then=cosine),
    }
    whole, resumed = network(), network()
    history = fit(whole, loss, source, **how)
    assert history.losses[-1] < history.losses[0]
    with pytest.raises(KeyboardInterrupt):
        fit(network(), dying, source, **how, folder=tmp_path, seconds_between_checkpoints=0)
    assert fit(resumed, loss, source, **how, folder=tmp_path).losses == history.losses
    assert torch.equal(whole[1].weight, resumed[1].weight)


@pytest.mark.parametrize("wrong", [{"lr": -1.0}, {"lr": 1.0, "momentum": 1.0}, {"lr": 1.0, "trust": -0.1}])
def test_impossible_numbers(wrong):
    with pytest.raises(InputError, match=r"Lars: lr .*Remedy"):
        Lars([nn.Parameter(torch.ones(2))], **wrong)


def test_warm_up_rises_and_hands_over():
    rate = partial(warm_up, rise=0.25, then=cosine)
    assert [rate(f) for f in (0.0, 0.125, 0.25, 1.0)] == pytest.approx([0.0, 0.5, 1.0, 0.0])
    assert rate(0.625) == pytest.approx(cosine(0.5))
    assert warm_up(0.9, rise=0.5) == 1 and warm_up(0.0, rise=0.0, then=cosine) == 1
