"""Counting a module by hooks: the counts of the same network frozen and run, and of brute force."""

import pytest
import torch
from torch import nn

from picojoule.base.errors import InputError
from picojoule.conversion import freeze
from picojoule.cost.counts import COUNTED
from picojoule.engines import run
from picojoule.measurement.watching import count, watching
from picojoule.models.spiking import Macro
from picojoule.neurons import LIF, Held, Join, PerStep

STEPS = 5


def layers(first) -> list[nn.Module]:
    """Borders, strides, groups and biases; weights that make sums exact."""
    torch.manual_seed(0)
    made = [
        *(first, LIF(0.5)),
        *(PerStep(nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2, bias=False), nn.BatchNorm2d(6)), LIF(0.5)),
        *(PerStep(nn.Conv2d(6, 6, 3)), LIF(0.5, reset="zero")),
        PerStep(nn.Flatten(), nn.Linear(24, 5)),
    ]
    with torch.no_grad():
        for each in nn.Sequential(*made).parameters():
            each.copy_((each * 16).round() / 8)
    return made


def images(channels: int = 2) -> torch.Tensor:
    return (torch.rand(3, channels, 8, 8, generator=torch.Generator().manual_seed(1)) * 4).round() / 4


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("held", [True, False])
def test_counts_are_those_of_the_frozen_network(held, norm):
    first = [nn.Conv2d(2, 4, 3, padding=1, bias=not norm), *([nn.BatchNorm2d(4)] if norm else [])]
    x = images() if held else (torch.rand(3, STEPS, 2, 8, 8, generator=torch.Generator().manual_seed(2)) < 0.3).float()
    plain = nn.Sequential(*layers(PerStep(*first))).eval()
    mine = nn.Sequential(Held(STEPS, *first), *list(plain)[1:]) if held else plain
    network = freeze(plain, x if held else x[:, 0], steps=STEPS, frames=not held)
    due = run(network, x, engine="stepped")
    values, counts = count(mine, x if held else x.transpose(0, 1))
    assert torch.equal(values.mean(0), due.values)
    assert (counts.steps, counts.samples, counts.neurons) == (STEPS, 3, due.counts.neurons)
    for name in COUNTED:
        got, theirs = counts.total(name), due.counts.total(name)
        assert (got == theirs and got > 0) or name == "compares" or (held, name[-4:]) == (False, "macs"), name
    assert sum(each.weights for each in counts.layers) == sum(each.weights for each in due.counts.layers)


def test_maxima_joins_and_averages_by_brute_force():
    torch.manual_seed(0)
    spikes = (torch.rand(STEPS, 2, 3, 4, 4) < 0.4).float()
    events = int(spikes.sum())
    _, held = count(nn.Sequential(Held(STEPS, nn.MaxPool2d(3, 2), nn.Conv2d(3, 3, 1)), LIF()), torch.rand(2, 3, 8, 8))
    assert held.total("compares") == 2 * 3 * 9 * 8 and held.total("macs") == 2 * 9 * 3 * 3
    _, pooled = count(nn.Sequential(PerStep(nn.MaxPool2d(2)), LIF()), spikes)
    assert pooled.total("compares") == events and pooled.total("synops") == 0

    class Short(nn.Module):
        def __init__(self):
            super().__init__()
            self.join, self.conv, self.fire = Join(), PerStep(nn.Conv2d(3, 3, 1, bias=False)), LIF()

        def forward(self, x):
            return self.fire(self.join(self.conv(x), x))

    _, joined = count(Short(), spikes)
    assert joined.total("synops") == 3 * events + events

    class Averaged(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(PerStep(nn.AvgPool2d(2), nn.Conv2d(3, 7, 1, bias=False)), LIF())

        def forward(self, x):
            return self.net(x)

    _, averaged = count(Averaged(), spikes)
    windows = int((nn.functional.avg_pool2d(spikes.flatten(0, 1), 2) != 0).sum())
    assert averaged.total("synops") == events + 7 * windows
    assert [each.payload for each in averaged.layers] == ["binary", "real"]


@pytest.mark.parametrize("block", ["skip", "SRB3", "SCB5"])
def test_parts_of_a_network_add_up_to_it(block):
    torch.manual_seed(0)
    net = Macro(channels=4, shape=(1, 8, 8), steps=3, layout=(1, "down", 2)).network((block, "SRB3")).eval()
    x = torch.rand(5, 1, 8, 8) * 4
    _, whole = count(net, x)
    parts = []
    with torch.inference_mode():
        for stage in net:
            with watching(stage) as watched:
                x = stage(x)
            parts += watched.layers("")
    assert whole.total("spikes") > 0
    for name in (*COUNTED, "neurons", "weights"):
        assert sum(getattr(each, name) for each in parts) == whole.total(name), name


def test_a_module_without_neurons_is_refused():
    with pytest.raises(InputError, match="no spiking neuron ran"):
        count(nn.Linear(3, 3), torch.rand(2, 3))
