"""What is added to the loss of learnt kernels, against its definition."""

import math

import pytest
import torch

from nets import converted, inputs
from picojoule.codes import TTFS
from picojoule.train.surrogate import Surrogate
from picojoule.train.temporal import drift, expected_spikes, released_penalty


def surrogate(**options) -> Surrogate:
    return Surrogate(converted(TTFS.nearest(steps=8, tau=2.0)), kernels=True, **options)


def test_drift_is_the_squared_distance_from_the_start():
    model = surrogate()
    assert drift(model).item() == pytest.approx(0, abs=1e-9)
    (_, one), (_, other), *_ = model.learnt()
    with torch.no_grad():
        one.log_tau.fill_(math.log(2.5))
        other.delay.fill_(-0.3)
    assert drift(model).item() == pytest.approx(0.5**2 + 0.3**2, rel=1e-5)


def test_expected_spikes_are_those_of_gaussian_drives():
    """Drives are put in the place of real ones: normal, of a mean and deviation for each channel."""
    model, generator = surrogate(), torch.Generator().manual_seed(0)
    model(inputs(400, 2))
    fired = total = 0.0
    for fire, kernel in model.learnt():
        drive = model.drives[fire.name].detach()
        mean = torch.linspace(-0.4, 0.3, drive.shape[1]).reshape(1, -1, 1, 1)
        drive = mean + 0.2 * torch.randn(drive.shape, generator=generator)
        model.drives[fire.name] = drive
        if fire.layer != "input":
            fired += float((kernel.times(drive) < 8).sum()) / len(drive)
            total += drive[0].numel()
    assert float(expected_spikes(model)) == pytest.approx(fired / total, rel=0.02)


@pytest.mark.parametrize("penalty", [expected_spikes, released_penalty])
def test_a_penalty_moves_weights_and_no_layers_own_kernel(penalty):
    model = surrogate()
    model(inputs(16, 2))
    penalty(model).backward()
    *_, (_, last) = model.learnt()
    assert last.log_tau.grad is None and last.delay.grad is None
    assert sum(float(each.grad.abs().sum()) for each in model.parameters() if each.grad is not None) > 0


def test_the_released_form_is_the_released_polynomial():
    model = surrogate()
    model(inputs(16, 2))
    total = 0.0
    for fire, kernel in model.learnt():
        if fire.layer == "input":
            continue
        drive, x = model.drives[fire.name].detach(), kernel.smallest.item()
        for channel in drive.transpose(0, 1).flatten(1):
            b, g = channel.mean().item(), channel.std().item()
            total -= (
                0.5 * (g * g / 3 + g + 1) * b**3
                - 0.5 * x * b**2
                - 0.5 * (x * x * g + 2) * b
                - x * (x * x * g * g + 6) / 6
            )
    assert released_penalty(model).item() == pytest.approx(total, rel=1e-4)


def test_codes_come_in_little_by_little():
    """At first every layer is a ReLU; after E calls none is, and evaluation never was."""
    model, x = surrogate(relaxed=3), inputs(8, 2)
    coded = model.eval()(x)
    first, *_, last = (model.train()(x) for _ in range(4))
    assert not torch.allclose(first, coded, atol=1e-4)
    assert torch.allclose(last, coded)
    assert torch.allclose(model.eval()(x), coded) and int(model.calls) == 4
