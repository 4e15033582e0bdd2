"""Small networks and inputs that many tests share."""

import torch
from torch import nn

from picojoule.codes import Code
from picojoule.conversion import convert
from picojoule.ir import Network, WeightLayer


def small_cnn(seed: int = 0) -> nn.Module:
    """Convolution, batch norm, both pools, stride, groups and a linear read-out on 1×16×16 inputs."""
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, padding=1, stride=2, groups=2),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 5),
    )
    net(inputs(32, seed + 1))  # running statistics of the batch norm
    return net.eval()


def inputs(samples: int, seed: int = 0, shape: tuple[int, ...] = (1, 16, 16)) -> torch.Tensor:
    """Sparse images in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(samples, *shape, generator=generator)
    return x * (torch.rand(samples, *shape, generator=generator) > 0.4)


def converted(code: Code, seed: int = 0, **options) -> Network:
    """The small network under a code."""
    return convert(small_cnn(seed), inputs(64, seed), code=code, **{"percentile": 100, **options})


def dyadic(network: Network, bits: int = 6, dtype: torch.dtype = torch.float64) -> Network:
    """The network with every weight and bias a multiple of 2^-bits: all its sums are exact, in float32 too."""
    from dataclasses import replace

    from picojoule.ir import Input

    def on_grid(t: torch.Tensor) -> torch.Tensor:
        return (torch.round(t.double() * 2**bits) / 2**bits).to(dtype)

    nodes = []
    for node in network.nodes:
        if isinstance(node, WeightLayer):
            node = replace(node, weight=on_grid(node.weight), bias=on_grid(node.bias))
        if isinstance(node, Input):
            node = replace(node, scale=1.0)
        nodes.append(node)
    return network.evolve(nodes)
