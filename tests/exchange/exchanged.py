"""Networks that the tests of exchange share, and the spikes of a run."""

import torch
from torch import Tensor, nn

from nets import inputs
from picojoule.codes import Rate
from picojoule.conversion import convert, freeze
from picojoule.engines import run
from picojoule.ir import Fire, Network
from picojoule.neurons import LIF, PerStep


class Residual(nn.Module):
    """Two residual blocks, one with its shortcut as it is, one with a convolution; groups in one."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.conv1, self.conv2 = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.conv3, self.short = nn.Conv2d(4, 8, 3, stride=2, padding=1), nn.Conv2d(4, 8, 1, stride=2)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.stem(x)))
        x = torch.relu(self.conv2(torch.relu(self.conv1(x))) + x)
        return self.head(torch.relu(self.conv3(x) + self.short(x)))


def resnet(steps: int = 16, **options) -> Network:
    """A small residual network under a rate code."""
    torch.manual_seed(3)
    model = Residual()
    model(inputs(32))
    return convert(model.eval(), inputs(64), code=Rate(steps=steps), **options)


def perceptron(reset: str = "zero", leak: float = 0.75, steps: int = 12, gain: float = 2.5) -> Network:
    """Two layers of LIF neurons and a linear read-out on vectors of 6, frozen."""
    torch.manual_seed(1)
    neurons = (LIF(leak, reset=reset), LIF(leak, reset=reset, threshold=0.75))
    model = nn.Sequential(nn.Linear(6, 12), neurons[0], nn.Linear(12, 8), neurons[1], nn.Linear(8, 3))
    for layer in (model[0], model[2]):
        layer.weight.data.mul_(gain)
    return freeze(model, torch.rand(1, 6), steps=steps)


class Joined(nn.Module):
    """Spikes of two layers side by side, cropped, and read by one."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = PerStep(nn.Conv2d(1, 3, 3, padding=1)), PerStep(nn.Conv2d(3, 2, 3, padding=1))
        self.first, self.second = LIF(0.5, threshold=0.25), LIF(0.5, threshold=0.25)
        self.head = PerStep(nn.Conv2d(5, 4, 3, stride=2))

    def forward(self, x: Tensor) -> Tensor:
        first = self.first(self.one(x))
        return self.head(torch.cat((first, self.second(self.two(first))), 2)[..., 1:, :-2])


def joining(steps: int = 12) -> Network:
    """:class:`Joined`, frozen, for pictures of 16×16."""
    torch.manual_seed(0)
    return freeze(Joined(), inputs(1), steps=steps)


def pooling(steps: int = 12) -> Network:
    """Maximum pools of spikes, which are neurons that forget, and spikes added to spikes, frozen."""
    torch.manual_seed(0)
    layers = (PerStep(nn.Conv2d(1, 3, 3)), LIF(0.5, threshold=0.25), PerStep(nn.MaxPool2d(3, 2, ceil_mode=True)))
    return freeze(nn.Sequential(*layers, Doubled(), PerStep(nn.Flatten(), nn.Linear(147, 4))), inputs(1), steps=steps)


class Doubled(nn.Module):
    """x + fire(conv(x))."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(PerStep(nn.Conv2d(3, 3, 3, padding=1)), LIF(0.5, threshold=0.25))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.block(x)


def vectors(samples: int = 5, seed: int = 0) -> Tensor:
    """Inputs of :func:`perceptron`."""
    return torch.rand(samples, 6, generator=torch.Generator().manual_seed(seed))


def spikes(network: Network, x: Tensor) -> dict[str, Tensor]:
    """The spikes ``[steps, batch, ...]`` of every layer, as 0 and 1."""
    layers = [fire.layer for fire in network.all(Fire)]
    found = run(network, x, engine="stepped", record=layers).trains
    return {layer: found[layer].spikes.float() for layer in layers}
