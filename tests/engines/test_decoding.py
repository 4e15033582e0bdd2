"""An output without its start is what the later steps alone brought."""

import pytest
import torch

from nets import converted, inputs
from picojoule.base.errors import InputError
from picojoule.codes import Phase, Rate
from picojoule.engines import run
from picojoule.engines.decoding import counted, settled


@pytest.mark.parametrize("code", [Rate(steps=32), Phase(steps=32)], ids=repr)
def test_what_the_later_steps_brought(code):
    """The sum of all steps is that of the first ones and that of the rest."""
    network = converted(code)
    path = run(network, inputs(3), trajectory=True).trajectory
    torch.testing.assert_close(settled(network, path, 0), path[-1])
    shares = torch.tensor(code.injections()).cumsum(0)
    for discard in (8, 24):
        early, late = path[discard - 1] * shares[discard - 1], settled(network, path, discard)
        torch.testing.assert_close(early + late * (shares[-1] - shares[discard - 1]), path[-1] * shares[-1])


def test_the_first_steps_of_a_run_are_read_alike():
    """A prefix of a trajectory is that of a shorter run."""
    path = run(converted(Rate(steps=32)), inputs(2), trajectory=True).trajectory
    short = converted(Rate(steps=12))
    expected = settled(short, run(short, inputs(2), trajectory=True).trajectory, 3)
    torch.testing.assert_close(settled(converted(Rate(steps=32)), path[:12], 3), expected)


@pytest.mark.parametrize("code", [Rate(steps=12), Phase(steps=16)], ids=repr)
def test_counted_is_a_last_layer_that_fires(code):
    """One output of one sample, step by step; it fires below zero, too."""
    network = converted(code)
    path = run(network, inputs(3), trajectory=True).trajectory
    scale = path[-1].abs().amax(0) / 2
    found, shares = counted(network, path, scale), torch.tensor(code.injections()).cumsum(0).tolist()
    for at in ((0, 1), (1, 3), (2, 4)):
        v = n = before = 0.0
        for t, share in enumerate(shares):
            v, before = v + (share * float(path[t][at]) - before) / float(scale[at[1]]), share * float(path[t][at])
            spike = int(v >= 1) - int(v <= -1)
            v, n = v - spike, n + spike
            assert float(found[t][at]) == pytest.approx(float(scale[at[1]]) * n / share, abs=1e-6)
    with pytest.raises(InputError, match="least scale"):
        counted(network, path, 0 * scale)


def test_nothing_left_is_an_error():
    network = converted(Rate(steps=8))
    path = run(network, inputs(2), trajectory=True).trajectory
    for given, discard in ((path, 8), (path, -1), (torch.cat([path, path]), 2)):
        with pytest.raises(InputError, match="where the network has 8"):
            settled(network, given, discard)
