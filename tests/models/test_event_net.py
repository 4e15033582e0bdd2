"""The classifier of event frames learns, and keeps no state."""

from functools import partial

import pytest
import torch
from torch.nn.functional import cross_entropy

from picojoule.base.errors import InputError
from picojoule.data.events import nmnist, synthetic
from picojoule.models.events import EventNet
from picojoule.models.vision import perceptron
from picojoule.neurons import LIF, PerStep
from picojoule.train import Shuffled, fit
from picojoule.train.augment import RandomShift
from picojoule.train.schedule import one_cycle


def trained(data, *, steps, epochs, batch, augment=None):
    frames = data.train.frames(steps)
    torch.manual_seed(0)
    net = EventNet()
    adam = partial(torch.optim.AdamW, lr=5e-3)
    source = Shuffled(samples=frames, size=batch)
    fit(net, loss, source, epochs=epochs, optimiser=adam, schedule=one_cycle, augment=augment)
    return net.eval()


def loss(net, x, y):
    return cross_entropy(net(x.transpose(0, 1)), y, label_smoothing=0.1)


def accuracy(net, frames):
    with torch.inference_mode():
        hits = sum(int((net(x.transpose(0, 1)).argmax(1) == y).sum()) for x, y in frames.batches(50))
    return hits / len(frames)


def test_it_learns_generated_recordings():
    data = synthetic.load(train=80, test=50)
    net = trained(data, steps=4, epochs=8, batch=20)
    assert accuracy(net, data.test.frames(4)) > 0.6


@pytest.mark.slow
def test_it_learns_n_mnist(real_data):
    """1,000 real recordings; at least 90 of the 100 test recordings."""
    data = nmnist.load(real_data)
    net = trained(data, steps=10, epochs=15, batch=32, augment=RandomShift(pixels=2))
    assert accuracy(net, data.test.frames(10)) >= 0.9


def test_a_call_starts_fresh():
    net, x = EventNet().eval(), torch.rand(3, 2, 2, 34, 34)
    first, again = net(x), net(x)
    assert torch.equal(first, again) and first.shape == (2, 10)
    assert [type(each) for each in net.layers] == [PerStep, LIF] * 3 + [PerStep]


def test_per_step_is_a_loop_over_steps():
    layer = PerStep(torch.nn.Conv2d(2, 3, 3), torch.nn.AvgPool2d(2))
    x = torch.rand(4, 5, 2, 8, 8)
    torch.testing.assert_close(layer(x), torch.stack([layer.inner(each) for each in x]))
    with pytest.raises(InputError, match=r"inputs of shape \[4, 5\].*Remedy: give \[steps, batch, ...\]"):
        layer(torch.rand(4, 5))


def test_shifts_move_all_frames_of_a_recording_alike():
    x = torch.zeros(40, 3, 2, 9, 9)
    x[:, :, :, 4, 4] = 1
    moved = RandomShift(pixels=2)(x, torch.Generator().manual_seed(0))
    lit = moved.nonzero()
    assert len(lit) == 40 * 3 * 2 and (lit[:, 3:] - 4).abs().max() == 2
    assert (moved == moved[:, :1, :1]).all()


def test_a_perceptron_is_linear_layers_and_relus():
    net = perceptron((6, 5, 4), bias=False)
    assert [type(each).__name__ for each in net] == ["Flatten", "Linear", "ReLU", "Linear"]
    assert net(torch.rand(2, 2, 3)).shape == (2, 4) and net[1].bias is None
