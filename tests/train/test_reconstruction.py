"""Learning video from events: the loss falls, resumes bit for bit, and counts what it says."""

from functools import partial

import pytest
import torch

from picojoule.data.events import films
from picojoule.models.events import FireNet, LatentSDEReconstructor
from picojoule.models.vision.textures import accuracy, pdist, texture_net
from picojoule.train import Shuffled, fit
from picojoule.train.reconstruction import FIRST, Weights, reconstruction_loss
from picojoule.train.textures import crops

PLAIN = Weights(perceptual=0.0, consistency=0.0, image=0.0, divergence=0.0)


@pytest.fixture(scope="module")
def data():
    return films("train", 4, side=16, windows=4, parts=2, real=False)


def model(seed=0):
    torch.manual_seed(seed)
    return LatentSDEReconstructor(5, 6)


def teach(net, data, *, epochs):
    adam = partial(torch.optim.Adam, lr=3e-3)
    loss = reconstruction_loss(Weights(), pdist)
    return fit(net, loss, Shuffled(samples=data, size=2), epochs=epochs, optimiser=adam, seed=1)


def test_it_learns(data):
    losses = teach(model(), data, epochs=12).losses
    assert losses[-1] < 0.9 * losses[0]


def test_the_distance_draws_no_numbers():
    texture_net.cache_clear()
    before = torch.get_rng_state()
    pdist(torch.zeros(1, 8, 8), torch.ones(1, 8, 8))
    assert torch.equal(torch.get_rng_state(), before)


def test_an_interrupted_training_ends_the_same(data, tmp_path):
    texture_net.cache_clear()
    whole, parts = model(), model()
    teach(whole, data, epochs=3)

    calls = iter(range(10))

    def stops(net, x, y):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return reconstruction_loss(Weights(), pdist)(net, x, y)

    adam = partial(torch.optim.Adam, lr=3e-3)
    given = {"epochs": 3, "optimiser": adam, "seed": 1, "folder": tmp_path, "seconds_between_checkpoints": 0.0}
    with pytest.raises(KeyboardInterrupt):
        fit(parts, stops, Shuffled(samples=data, size=2), **given)
    fit(parts, reconstruction_loss(Weights(), pdist), Shuffled(samples=data, size=2), **given)
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_first_windows_do_not_count(data):
    x, y = data.pick(torch.arange(2))
    changed = y.clone()
    changed[:, :FIRST, :-2] = 0.123
    loss, net = reconstruction_loss(PLAIN), FireNet(5, 4)
    assert torch.equal(loss(net, x, y), loss(net, x, changed))
    changed[:, FIRST] = 0.123
    assert not torch.equal(loss(net, x, y), loss(net, x, changed))


def test_the_parts_of_the_loss(data):
    x, y = data.pick(torch.arange(2))
    net = FireNet(5, 4)
    with torch.no_grad():
        plain = float(reconstruction_loss(PLAIN)(net, x, y))
        found, due = net(x)[:, FIRST:], y[:, FIRST:, -3]
        assert plain == pytest.approx(float((found - due).abs().mean()))
        apart = float(reconstruction_loss(Weights(perceptual=1.0, consistency=0.0), pdist)(net, x, y)) - plain
        assert apart == pytest.approx(float(pdist(found.flatten(0, 1), due.flatten(0, 1)).mean()), rel=1e-4)


@torch.no_grad()
def test_divergence_counts_only_for_latent_equations(data):
    x, y = data.pick(torch.arange(2))
    net = model()
    values = []
    for weight in (0.0, 1.0):
        torch.manual_seed(0)
        weights = Weights(perceptual=0, consistency=0, image=0, divergence=weight)
        values.append(float(reconstruction_loss(weights)(net, x, y)))
    assert values[1] > values[0] + 1e-3
    firenet = [
        float(reconstruction_loss(Weights(perceptual=0, divergence=w))(FireNet(5, 4).apply(_ones), x, y))
        for w in (0, 9)
    ]
    assert firenet[0] == firenet[1]


def _ones(module):
    for each in module.parameters(recurse=False):
        torch.nn.init.constant_(each, 0.01)


def test_the_shipped_textures_are_told_apart():
    """On the parts of photos that were left out; chance is a tenth."""
    tests = crops(10, test=True)
    assert accuracy(texture_net(), tests.images, tests.labels) > 0.4
